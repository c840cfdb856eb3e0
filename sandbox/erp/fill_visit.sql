-- The rows of R_PROMOTION, R_EXPERIENCE_RESERVATION, B_SALES_LOUNGE and R_EXHIBITION_VISIT_HISTORY
-- for the numbers in sample.batch, and the persons behind them.
create table sample.converted (key text primary key);
comment on table sample.converted is 'Reservations that change rounds turned into contracts.';

create function sample.promotions() returns bigint
language sql immutable parallel safe
return 40;

-- Orders have PM0 to PM29. Those numbered from 100 are of no order, PM28 and PM29 are no promotions.
create function sample.promotion_cd(n bigint) returns text
language sql immutable parallel safe
return 'PM' || (case when n > 28 then n + 71 else n - 1 end)::text;

create function sample.lounges() returns bigint
language sql immutable parallel safe
return 24;

create function sample.lounges_in_use() returns bigint
language sql immutable parallel safe
return 18;

create function sample.lounge_cd(n bigint) returns text
language sql immutable parallel safe
return 'SL' || lpad(n::text, 3, '0');

create function sample.reservations() returns bigint
language sql immutable parallel safe
return sample.size() * 3 / 10;

create function sample.reservation_no(n bigint) returns text
language sql immutable parallel safe
return 'EX' || to_char(sample.moment(n, sample.reservations()), 'YYMMDD') || lpad(n::text, 7, '0');

create function sample.visits() returns bigint
language sql immutable parallel safe
return sample.size() * 4 / 10;

create function sample.visit_statuses() returns text[]
language sql immutable parallel safe
return array['10', '20', '30', '40', '50'];

-- Who comes on their own account has this mobile number; those from 9000 are left to the changes.
create function sample.mobile(person bigint) returns text
language sql immutable parallel safe
return '010-0000-' || lpad((person % 9000)::text, 4, '0');

-- A mobile number as people write it down: bare, with blanks, international, without its zero.
create function sample.typed(n bigint, salt integer, number text) returns text
language sql immutable parallel safe
return case sample.dice(n, salt, 12)
    when 0 then replace(number, '-', '')
    when 1 then replace(number, '-', ' ')
    when 2 then '+82 ' || substr(number, 2)
    when 3 then substr(number, 2)
    when 4 then ' ' || number || ' '
    else number
end;

create view sample.r_promotion_rows as
select
    sample.promotion_cd(b.n) as promotion_cd,
    sample.stray(b.n, 700, sample.blank(b.n, 701, sample.pick(b.n, 702, array[
        '봄맞이  할인', '여름 특가', '가정의 달 사은', '신규 오픈', '재구매 감사', '등록비 면제 🎁'
    ]) || ' ' || b.n)) as promotion_nm,
    case
        when b.n % 12 = 7 then '99' else sample.pick(b.n, 703, array['10', '20', '30', '40', null])
    end as promotion_type_cd,
    sample.pick(b.n, 704, array['C1', 'C2', 'C3', '', null]) as goods_grp_cd,
    sample.pick(b.n, 705, array['R1', 'S1', null]) as order_type_cd,
    sample.stray(b.n, 706, sample.pick(b.n, 707, sample.sales_groups())) as sales_grp_cd,
    sample.dice(b.n, 708, 20) * 10000 as discount_amt,
    sample.dice(b.n, 709, 3000) / 100.0 as discount_rate,
    sample.dice(b.n, 710, 4) as free_month_qty,
    sample.blank(b.n, 711, 'GF' || sample.dice(b.n, 712, 12)) as gift_cd,
    sample.pick(b.n, 713, array['무릎 담요', '찜질  팩', '', null]) as gift_nm,
    sample.dice(b.n, 714, 3) as gift_qty,
    sample.dice(b.n, 715, 1000) as target_qty,
    sample.dice(b.n, 716, 100) * 1000000 as budget_amt,
    date_trunc('day', b.made) as start_dt,
    sample.dated(b.n, 717, date_trunc('day', b.made) + interval '90 days') as end_dt,
    sample.yn(b.n, 718, 30) as combine_yn,
    sample.pick(b.n, 719, array['Y', 'Y', 'Y', 'N', '', null]) as use_yn,
    sample.staff(b.n, 720) as approve_user_id,
    sample.dated(b.n, 721, b.made) as approve_dt,
    b.n as disp_seq,
    sample.document(b.n, 722) as banner_doc,
    sample.memo(b.n, 723) as remark,
    sample.staff(b.n, 724) as insrt_user_id,
    b.made as insrt_dt,
    sample.staff(b.n, 725) as updt_user_id,
    case when b.at is null then b.made + sample.days(b.n, 726, 60) else b.made end as updt_dt
from (
    select
        n,
        at,
        coalesce(at, sample.moment(n, sample.promotions())) as made
    from sample.batch
    offset 0
) as b;

-- Every twelfth reservation is a second date under the number of the one before. People reserve again
-- under the same mobile number, however they write it; one in twenty leaves none.
create view sample.r_experience_reservation_rows as
select
    sample.reservation_no(b.r) as order_no,
    case when b.r < b.n then 2 else 1 end as seq,
    sample.stray(b.n, 730, sample.blank(b.p, 731, sample.person(b.p, 732))) as cust_nm,
    case
        when b.n % 45 = 20 then 'Q9'
        else sample.stray(b.n, 735, sample.pick(b.n, 736, array['W1', 'T1', 'V1', 'M1', '']))
    end as sales_channel,
    sample.stray(b.n, 737, sample.pick(b.n, 738, sample.sales_groups())) as sales_grp,
    sample.dated(b.n, 739, b.reserved) as visit_dt,
    sample.dice(b.n, 740, 4) as visit_num,
    case b.n % 20
        when 3 then '02-0000-' || lpad(sample.dice(b.n, 741, 10000)::text, 4, '0')
        when 11 then ''
        when 15 then '없음'
        else sample.typed(b.n, 742, sample.mobile(b.p))
    end as tel_no,
    case when b.n % 20 = 3 then sample.typed(b.n, 743, sample.mobile(b.p))
        else sample.pick(b.n, 744, array['', null, '02-0000-0000'])
    end as tel_no2,
    case
        when b.n % 40 = 21 then 'MC9999'
        else sample.goods_cd(1 + sample.dice(b.n, 745, sample.goods_in_use()))
    end as goods_cd,
    sample.pick(b.n, 746, array['안마의자 구름', '안마의자  바다', '', null]) as goods_nm,
    sample.blank(b.n, 747, 'home' || b.p) as homepage_id,
    sample.memo(b.n, 748) as remark,
    case
        when b.n % 35 = 8 then 'X9' else sample.pick(b.n, 749, sample.visit_statuses())
    end as visit_status,
    sample.dated(b.n, 750, b.reserved + interval '1 hour') as visit_complate_date,
    sample.pick(b.n, 751, array['TV  광고', '지인 소개로', '블로그 😊', '', null]) as route,
    case
        when b.n % 45 = 9 then '99'
        else sample.stray(b.n, 752, sample.pick(
            b.n, 753, array['01', '02', '03', '04', '05', '06', '']
        ))
    end as route_cd,
    case
        when b.contracted then 'Y' else sample.pick(b.n, 754, array['N', 'N', 'N', '', null])
    end as contract_yn,
    case when b.contracted then b.reserved + sample.days(b.n, 755, 30)
        else sample.pick(b.n, 756, array['1900-01-01', null])::timestamp
    end as contract_date,
    case
        when b.contracted and b.n % 50 = 7 then sample.order_no(9400000 + b.n % 90000)
        when b.contracted then sample.order_no(1 + sample.dice(b.n, 757, sample.size()))
        else sample.pick(b.n, 758, array['', null])
    end as contract_order_no,
    sample.pick(b.n, 759, array['Y', 'Y', 'N', '', null]) as mkt_flag,
    sample.dated(b.n, 760, b.made) as mkt_dt,
    sample.staff(b.n, 761) as insrt_user_id,
    b.made as insrt_dt,
    sample.staff(b.n, 762) as updt_user_id,
    case when b.at is null then b.made + sample.days(b.n, 763, 60) else b.made end as updt_dt,
    case when b.r < b.n then sample.reservation_no(b.r) else '' end as ref_order_no,
    case when sample.dice(b.n, 764, 10) = 0
            then sample.order_no(1 + sample.dice(b.n, 765, sample.size()))
    end as recommend_order_no,
    sample.pick(b.n, 766, array['H', 'T', 'S', null]) as input_type,
    sample.pick(b.n, 767, array['목,어깨', '허리', '다리  ', '', null]) as massage_point,
    sample.pick(b.n, 768, array['있음', '없음', '', null]) as massage_exp
from (
    select
        r.*,
        case
            when r.r > sample.reservations() and r.r % 2 = 0 then r.r
            else 1 + sample.dice(r.r, 769, sample.reservations() * 7 / 10)
        end as p,
        r.made + sample.days(r.n, 770, 14) as reserved,
        sample.dice(r.n, 771, 100) < 35 as contracted
    from (
        select
            n,
            at,
            case when n % 12 = 4 then n - 1 else n end as r,
            coalesce(at, sample.moment(n, sample.reservations())) as made
        from sample.batch
        offset 0
    ) as r
    offset 0
) as b;

create view sample.b_sales_lounge_rows as
select
    sample.lounge_cd(b.n) as lounge_cd,
    sample.stray(b.n, 860, sample.pick(b.n, 861, array['강남', '마포', '분당', '해운대', '수성'])
    || ' 라운지  ' || b.n) as lounge_nm,
    case when b.n % 11 = 6 then '9' else sample.pick(b.n, 862, array['1', '2', '3']) end
        as lounge_type_cd,
    sample.stray(b.n, 863, sample.pick(b.n, 864, sample.sales_groups())) as sales_grp_cd,
    '02-0000-' || lpad(sample.dice(b.n, 865, 10000)::text, 4, '0') as tel_no,
    sample.pick(b.n, 866, array['', null, '02-0000-0000']) as fax_no,
    lpad((1000 + sample.dice(b.n, 867, 62000))::text, 5, '0') as zip_cd,
    sample.street(b.n, 868) as addr1,
    sample.blank(b.n, 871, '1층') as addr2,
    33 + sample.dice(b.n, 872, 5000000)::double precision / 1000000 as map_lat,
    126 + sample.dice(b.n, 873, 3000000)::double precision / 1000000 as map_lng,
    time '10:00' + interval '30 minutes' * sample.dice(b.n, 874, 3) as open_tm,
    time '19:00' + interval '30 minutes' * sample.dice(b.n, 875, 4) as close_tm,
    sample.pick(b.n, 876, array['매주 월요일', '연중  무휴', '', null]) as holiday_nm,
    sample.yn(b.n, 877, 70) as parking_yn,
    sample.dice(b.n, 878, 30) as parking_qty,
    sample.dice(b.n, 879, 300000) / 1000.0 as area_qty,
    sample.person(b.n, 880) as manager_nm,
    sample.phone(b.n, 883) as manager_tel_no,
    sample.blank(b.n, 884, 'https://example.com/lounge/' || b.n) as homepage_url,
    b.made as open_dt,
    case when b.n > sample.lounges_in_use() then b.made + interval '400 days'
        else sample.pick(b.n, 885, array['2999-12-31', '9999-12-31', null])::timestamp
    end as close_dt,
    case when b.n > sample.lounges_in_use() then 'N' else 'Y' end as use_yn,
    b.n as disp_seq,
    sample.memo(b.n, 886) as guide_memo,
    sample.staff(b.n, 887) as insrt_user_id,
    b.made as insrt_dt,
    sample.staff(b.n, 888) as updt_user_id,
    case when b.at is null then b.made + sample.days(b.n, 889, 60) else b.made end as updt_dt
from (
    select
        n,
        at,
        coalesce(at, sample.moment(n, sample.lounges())) as made
    from sample.batch
    offset 0
) as b;

-- One visitor has many visits, under numbers written in many ways. Customers among them are those
-- that a change never deletes, or don't exist.
create view sample.r_exhibition_visit_history_rows as
select
    'EV' || to_char(sample.moment(b.n, sample.visits()), 'YYMMDD') || lpad(b.n::text, 7, '0')
        as visit_no,
    b.n as visit_seq,
    case
        when b.n % 60 = 14 then 'SL999'
        else sample.lounge_cd(1 + sample.dice(b.n, 780, sample.lounges_in_use()))
    end as lounge_cd,
    date_trunc('minute', b.made) as visit_dt,
    b.made::time as visit_tm,
    b.made::time + interval '40 minutes' as leave_tm,
    case
        when b.n % 100 = 31 then 'C9' || lpad(b.n::text, 7, '0')
        when b.n % 100 = 32 then ''
        when b.p % 3 = 0 then sample.stray(b.n, 781, sample.cust_no(
            10 + 10 * sample.dice(b.p, 782, sample.customers() / 10)
        ))
    end as cust_no,
    sample.stray(b.n, 783, sample.blank(b.p, 784, sample.person(b.p, 785))) as cust_nm,
    case b.n % 20
        when 4 then ''
        when 9 then '안 남김'
        else sample.typed(b.n, 788, sample.mobile(b.p))
    end as hand_tel_no,
    sample.blank(b.n, 789, '02-0000-' || lpad(sample.dice(b.n, 790, 10000)::text, 4, '0'))
        as tel_no,
    sample.blank(b.n, 791, 'visitor' || b.p || '@example.com') as email,
    sample.pick(b.p, 792, array['M', 'F', '', null]) as gender_cd,
    sample.pick(b.p, 793, array['30', '40', '50', '60', null]) as age_grp_cd,
    1 + sample.dice(b.n, 794, 4) as visit_num,
    case
        when b.n % 35 = 8 then 'X9' else sample.pick(b.n, 795, sample.visit_statuses())
    end as visit_status_cd,
    case
        when b.n % 45 = 9 then '99'
        else sample.pick(b.n, 796, array['01', '02', '03', '04', '05', '06', ''])
    end as visit_route_cd,
    case
        when b.n % 50 = 10 then 'ZZ' else sample.pick(b.n, 797, array['10', '20', '30', '40', null])
    end as visit_purpose_cd,
    case
        when b.n % 40 = 21 then 'MC9999'
        else sample.goods_cd(1 + sample.dice(b.n, 798, sample.goods_in_use()))
    end as goods_cd,
    null::text as goods_cd2,
    sample.dice(b.n, 799, 60) as trial_min_qty,
    case when sample.dice(b.n, 800, 3) = 0 then 1 + sample.dice(b.n, 801, 5) end
        as satisfy_score_qty,
    case when sample.dice(b.n, 802, 4) = 0
            then sample.reservation_no(1 + sample.dice(b.n, 803, sample.reservations()))
    end as reserve_order_no,
    case when sample.dice(b.n, 802, 4) = 0 then 1 end as reserve_seq,
    case
        when b.contracted then 'Y' else sample.pick(b.n, 804, array['N', 'N', 'N', '', null])
    end as contract_yn,
    case
        when b.contracted and b.n % 50 = 7 then sample.order_no(9400000 + b.n % 90000)
        when b.contracted then sample.order_no(1 + sample.dice(b.n, 805, sample.size()))
        else sample.pick(b.n, 806, array['', null])
    end as contract_order_no,
    sample.stray(b.n, 807, sample.pick(b.n, 808, sample.sales_groups())) as sales_grp_cd,
    sample.staff(b.n, 809) as sales_user_id,
    sample.person(b.n, 810) as sales_user_nm,
    sample.pick(b.n, 813, array['Y', 'Y', 'N', '', null]) as mkt_agree_yn,
    sample.dated(b.n, 814, b.made) as mkt_agree_dt,
    sample.yn(b.n, 815, 20) as gift_yn,
    sample.memo(b.n, 816) as visit_memo,
    sample.staff(b.n, 817) as insrt_user_id,
    b.made as insrt_dt,
    sample.staff(b.n, 818) as updt_user_id,
    case when b.at is null then b.made + sample.days(b.n, 819, 60) else b.made end as updt_dt
from (
    select
        n,
        at,
        case
            when n > sample.visits() and n % 2 = 0 then n
            else 1 + sample.dice(n, 820, sample.visits() * 6 / 10)
        end as p,
        coalesce(at, sample.moment(n, sample.visits())) as made,
        sample.dice(n, 821, 100) < 25 as contracted
    from sample.batch
    offset 0
) as b;

-- Who reserved and who visited, as Salesforce shall know them: by the mobile number, or else by the
-- row alone; with what can change of them. The changes compare these before and after.
create view sample.reserving_persons as
select
    coalesce(number, key) as person,
    (array_agg(key || ' ' || updt_dt order by insrt_dt desc, key desc))[1] as latest,
    count(*) as reservations,
    count(*) filter (where contract_yn = 'Y') as contracts
from (
    select
        coalesce(
            substring(regexp_replace(tel_no, '\D', '', 'g') from '10(0000\d{4})$'),
            substring(regexp_replace(tel_no2, '\D', '', 'g') from '10(0000\d{4})$')
        ) as number,
        order_no || '/' || seq as key,
        insrt_dt,
        updt_dt,
        contract_yn
    from dbo.r_experience_reservation
) as r
group by coalesce(number, key);

create view sample.visiting_persons as
select
    coalesce(number, key) as person,
    (array_agg(key order by insrt_dt desc, key desc))[1] as latest,
    count(*) as visits,
    count(*) filter (where contract_yn = 'Y') as contracts
from (
    select
        substring(regexp_replace(hand_tel_no, '\D', '', 'g') from '10(0000\d{4})$') as number,
        visit_no as key,
        insrt_dt,
        contract_yn
    from dbo.r_exhibition_visit_history
) as v
group by coalesce(number, key);

create view sample.leads as
select order_no || '/' || seq as key
from dbo.r_experience_reservation
where
    contract_yn is distinct from 'Y'
    or order_no || '/' || seq in (select key from sample.converted);
