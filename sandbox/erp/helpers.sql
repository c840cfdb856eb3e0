-- Dice, words and keys of the generator. Every value is a pure function of the seed, a row number
-- and a salt that names the column, so the same sample comes out whatever the clock or the order of
-- work. The functions are written to be inlined, which makes them several times faster: an argument
-- that costs is used once, and numbers are cast to text, for text || number counts as unstable.
create table sample.batch (n bigint not null, at timestamp(3));
comment on table sample.batch is
'The row numbers to generate next; at is null in the first build, in a change its time.';

create table sample.gone (feed text, key text, cust_no text, goods_cd text);
comment on table sample.gone is 'Orders and receipts that change rounds deleted, with what they referred to.';

create function sample.dice(n bigint, salt integer, sides bigint) returns bigint
language sql immutable parallel safe
return (hashint8extended(n * 1024 + salt, sample.seed()) & 9223372036854775807) % sides;

create function sample.pick(n bigint, salt integer, words text[]) returns text
language sql immutable parallel safe
return words[1 + sample.dice(n, salt, cardinality(words))];

create function sample.yn(n bigint, salt integer, percent integer) returns text
language sql immutable parallel safe
return case when sample.dice(n, salt, 100) < percent then 'Y' else 'N' end;

-- The value, or '' or NULL in its place: the ERP has both for "nothing".
create function sample.blank(n bigint, salt integer, value text) returns text
language sql immutable parallel safe
return case sample.dice(n, salt, 16) when 0 then '' when 1 then null else value end;

-- The value with a stray blank before or after it, now and then.
create function sample.stray(n bigint, salt integer, value text) returns text
language sql immutable parallel safe
return case sample.dice(n, salt, 40) when 0 then ' ' else '' end || value
|| case sample.dice(n, salt, 30) when 1 then ' ' when 2 then '  ' else '' end;

-- The date, or a sentinel or NULL in its place.
create function sample.dated(n bigint, salt integer, value timestamp) returns timestamp
language sql immutable parallel safe
return case sample.dice(n, salt, 24)
    when 0 then timestamp '1900-01-01'
    when 1 then timestamp '2999-12-31'
    when 2 then timestamp '9999-12-31'
    when 3 then null
    else value
end;

create function sample.days(n bigint, salt integer, most integer) returns interval
language sql immutable parallel safe
return interval '1 second' * sample.dice(n, salt, most * 86400::bigint);

create function sample.uuid(n bigint, salt integer) returns uuid
language sql immutable parallel safe
return md5(sample.seed()::text || '/' || salt::text || '/' || n::text)::uuid;

-- A scan that isn't one: NUL bytes are what a bytea may hold and a text may not.
create function sample.document(n bigint, salt integer) returns bytea
language sql immutable parallel safe
return case when sample.dice(n, salt, 10) = 0
        then '\x255044462d00'::bytea
            || decode(md5(sample.seed()::text || '/' || salt::text || '/' || n::text), 'hex')
            || '\x0000'::bytea
end;

create function sample.person(n bigint, salt integer) returns text
language sql immutable parallel safe
return sample.pick(n, salt, array['김', '이', '박', '최', '정', '강', '조', '윤', '장', '임', '한', '오'])
|| sample.pick(n, salt + 1, array['가', '나', '다', '라', '민', '서', '지', '하', '도', '유', '은', '채'])
|| sample.pick(n, salt + 2, array['람', '온', '솔', '율', '윤', '린', '진', '현', '우', '빈', '별', '결']);

-- The middle block 0000 is never given out.
create function sample.phone(n bigint, salt integer) returns text
language sql immutable parallel safe
return '010-0000-' || lpad(sample.dice(n, salt, 10000)::text, 4, '0');

create function sample.street(n bigint, salt integer) returns text
language sql immutable parallel safe
return sample.pick(n, salt, array[
    '서울특별시 강남구', '서울특별시  마포구', '부산광역시 해운대구', '대구광역시 수성구', '인천광역시 연수구',
    '광주광역시 북구', '대전광역시 유성구', '경기도 성남시 분당구', '경기도 수원시  영통구', '강원도 춘천시',
    '전라북도 전주시 완산구', '제주특별자치도 제주시'
])
|| ' ' || sample.pick(n, salt + 1, array[
    '견본로', '보기로', '모형로', '가상대로', '예시길', '표본로12번길', '연습로', '시험대로'
])
|| ' ' || (1 + sample.dice(n, salt + 2, 300))::text;

create function sample.flat(n bigint, salt integer) returns text
language sql immutable parallel safe
return (101 + sample.dice(n, salt, 20))::text || '동 '
|| (101 + 100 * sample.dice(n, salt + 1, 25))::text || '호';

create function sample.memo(n bigint, salt integer) returns text
language sql immutable parallel safe
return sample.pick(n, salt, array[
    null, null, null, '', '', '   ',
    '고객 부재,  재방문 요청', '설치 전 연락 요망', '엘리베이터 없음' || chr(9) || '사다리차 필요',
    '1차 통화: 부재' || chr(13) || chr(10) || '2차 통화: 완료', '오전 방문 희망 😊', '소음 발생' || chr(10),
    '담당자 "확인" 완료', '고객''님 요청', 'C:\문서\계약서', '\N', '이전 메모: \N (없음)', 'a\tb\\c',
    '다리 안마 안 됨 👍🏻', ' 리모컨 불량 ', '교환,반품;문의|접수', '해당 없음'
]);

create function sample.staff(n bigint, salt integer) returns text
language sql immutable parallel safe
return 'U' || lpad((1 + sample.dice(n, salt, 90))::text, 5, '0');

create function sample.sales_groups() returns text[]
language sql immutable parallel safe
return array['G101', 'G102', 'G103', 'G201', 'G202', 'G301', 'G302', 'G401'];

create function sample.order_statuses() returns text[]
language sql immutable parallel safe
return array['10', '20', '30', '40', '50', '60', '70', '80'];

create function sample.service_statuses() returns text[]
language sql immutable parallel safe
return array['A1', 'A2', 'B1', 'B2', 'C1', 'C2', 'D1'];

create function sample.customers() returns bigint
language sql immutable parallel safe
return sample.size() * 4 / 5;

create function sample.receipts() returns bigint
language sql immutable parallel safe
return sample.size() * 11 / 10;

create function sample.goods() returns bigint
language sql immutable parallel safe
return 60;

create function sample.goods_in_use() returns bigint
language sql immutable parallel safe
return 54;

-- From 2014 to the end of 2024, so that an update of up to 400 days later is of the past. Rows come
-- in fours; two fours in three share their second, as batch jobs leave them.
create function sample.moment(n bigint, of bigint) returns timestamp
language sql immutable parallel safe
return timestamp '2014-01-02 09:00:00'
+ interval '1 second' * (((n / 4) * 1376000000) / of)
+ interval '7.003 seconds' * (case when (n / 4) % 3 = 0 then n % 4 else 0 end);

create function sample.cust_no(n bigint) returns text
language sql immutable parallel safe
return 'C' || lpad(n::text, 8, '0');

create function sample.goods_cd(n bigint) returns text
language sql immutable parallel safe
return 'MC' || lpad(n::text, 4, '0') || (array['-BK', '-BR', '-IV'])[1 + n % 3];

-- The order with number n. Numbers above the sample's size are orders of a later change, which sort
-- into the middle of the keys; numbers from 9,000,000 are orders that nobody ever entered.
create function sample.order_no(n bigint) returns text
language sql stable parallel safe
return case
    when n > sample.size() then (array['HI', '02'])[1 + n % 2]
    else sample.pick(n, 1, array['02', '82', 'HI', 'K2', 'ON'])
end
|| to_char(sample.moment(n % 9000000, sample.size()), 'YYMMDD')
|| lpad(n::text, 7, '0');

-- Who ordered: a customer, one that doesn't exist (numbers from 90,000,000), or nobody. The orders
-- of a later change are of customers whose number ends in 0: a change deletes none of these.
create function sample.order_customer(n bigint) returns text
language sql immutable parallel safe
return case
    when n > sample.size() then sample.cust_no(10 + 10 * sample.dice(n, 2, sample.customers() / 10))
    when n % 100 = 17 then 'C9' || lpad(n::text, 7, '0')
    when n % 100 = 18 then null
    when n % 100 = 19 then ''
    else sample.cust_no(1 + sample.dice(n, 3, sample.customers()))
end;

create function sample.order_goods(n bigint) returns text
language sql immutable parallel safe
return sample.goods_cd(1 + sample.dice(n, 4, sample.goods_in_use()));

-- How many rows a change takes for each `base` rows of a sample of the default size.
create function sample.quota(base bigint) returns bigint
language sql immutable parallel safe
return base * greatest(1, sample.size() / 2000);

-- The order in which a change draws rows. Both settings are the change's own.
create function sample.draw(key text, salt integer) returns bigint
language sql stable parallel safe
return hashtextextended(key, hashint8extended(
    current_setting('sample.round')::bigint * 100 + salt,
    current_setting('sample.draw_seed')::bigint
));

create function sample.next_code(code text, codes text[]) returns text
language sql immutable parallel safe
return codes[1 + coalesce(array_position(codes, trim(code)), 0) % cardinality(codes)];

-- Differs from every address of the fill and of other rounds.
create function sample.new_street(n bigint, salt integer) returns text
language sql stable parallel safe
return sample.street(n, salt) || ' ' || current_setting('sample.round') || '호';
