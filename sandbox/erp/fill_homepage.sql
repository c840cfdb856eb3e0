-- The rows of R_TRANS_HOMEPAGE, R_ACQ_INTRO, R_BIZ_MSG_TEMPLATE, R_CRM_INFO and R_HOME_CARE for the
-- numbers in sample.batch. Telephone numbers are written as visitors write theirs (fill_visit.sql).
create view sample.r_trans_homepage_rows as
select
    'TH' || to_char(sample.moment(b.n, sample.size() * 3 / 20), 'YYMMDD') || lpad(b.n::text, 7, '0')
        as trans_no,
    case
        when b.n % 28 = 5 then '9' else sample.pick(b.n, 830, array['1', '2', '3', '4'])
    end as trans_type_cd,
    sample.blank(b.n, 831, 'home' || b.n) as homepage_id,
    sample.blank(b.n, 832, sample.order_no(1 + sample.dice(b.n, 833, sample.size()))) as order_no,
    sample.stray(b.n, 834, sample.order_customer(b.n)) as cust_no,
    sample.stray(b.n, 835, sample.person(b.n, 836)) as cust_nm,
    sample.typed(b.n, 839, sample.mobile(b.n)) as hand_tel_no,
    sample.blank(b.n, 840, 'Home' || b.n || '@example.com') as email,
    lpad((1000 + sample.dice(b.n, 841, 62000))::text, 5, '0') as zip_cd,
    sample.blank(b.n, 842, sample.street(b.n, 843)) as addr1,
    sample.blank(b.n, 846, sample.flat(b.n, 847)) as addr2,
    sample.order_goods(b.n) as goods_cd,
    sample.pick(b.n, 849, array['안마의자 구름', '안마의자  바다', '', null]) as goods_nm,
    b.made as request_dt,
    sample.dated(b.n, 850, b.made + interval '5 minutes') as trans_dt,
    sample.pick(b.n, 851, array['Y', 'Y', 'Y', 'N', null]) as trans_yn,
    sample.pick(b.n, 852, array['OK', 'OK', 'NG', null]) as result_cd,
    sample.memo(b.n, 853) as result_memo,
    sample.dice(b.n, 854, 3) as retry_qty,
    sample.memo(b.n, 855) as remark,
    'SYSTEM' as insrt_user_id,
    b.made as insrt_dt,
    'SYSTEM' as updt_user_id,
    case when b.at is null then b.made + sample.days(b.n, 856, 5) else b.made end as updt_dt
from (
    select
        n,
        at,
        coalesce(at, sample.moment(n, sample.size() * 3 / 20)) as made
    from sample.batch
    offset 0
) as b;

create view sample.r_acq_intro_rows as
select
    b.n as intro_seq,
    sample.stray(b.n, 900, sample.order_customer(b.n)) as intro_cust_no,
    sample.blank(b.n, 901, sample.person(b.n, 902)) as intro_cust_nm,
    sample.person(b.n, 905) as acq_nm,
    sample.typed(b.n, 908, sample.mobile(b.n)) as acq_tel_no,
    sample.blank(b.n, 909, sample.order_no(1 + sample.dice(b.n, 910, sample.size())))
        as acq_order_no,
    sample.pick(b.n, 911, array['1', '2', '3', '', null]) as relation_cd,
    sample.dice(b.n, 912, 10) * 10000 as reward_amt,
    sample.yn(b.n, 913, 60) as reward_yn,
    date_trunc('day', b.made) as intro_dt,
    sample.memo(b.n, 914) as remark,
    sample.staff(b.n, 915) as insrt_user_id,
    b.made as insrt_dt,
    sample.staff(b.n, 916) as updt_user_id,
    case when b.at is null then b.made + sample.days(b.n, 917, 60) else b.made end as updt_dt
from (
    select
        n,
        at,
        coalesce(at, sample.moment(n, sample.size() / 10)) as made
    from sample.batch
    offset 0
) as b;

create view sample.r_biz_msg_template_rows as
select
    'TPL_' || lpad(b.n::text, 4, '0') as template_cd,
    sample.stray(b.n, 920, sample.pick(b.n, 921, array['예약 안내', '방문 안내', '설치  안내'])
    || ' ' || b.n) as template_nm,
    sample.pick(b.n, 922, array['AT', 'FT', null]) as msg_type_cd,
    sample.blank(b.n, 923, '[견본] 안내') as title_nm,
    '#{이름}님, 안녕하세요 😊' || chr(10) || '#{일시}에 뵙겠습니다.' as body_memo,
    sample.pick(b.n, 924, array['{"name": "홈페이지", "url": "https://example.com"}', '', null])
        as button_memo,
    md5(b.n::text) as sender_key,
    sample.yn(b.n, 925, 40) as resend_yn,
    sample.yn(b.n, 926, 80) as use_yn,
    'SYSTEM' as insrt_user_id,
    b.made as insrt_dt,
    'SYSTEM' as updt_user_id,
    case when b.at is null then b.made + sample.days(b.n, 927, 60) else b.made end as updt_dt
from (
    select
        n,
        at,
        coalesce(at, sample.moment(n, 30)) as made
    from sample.batch
    offset 0
) as b;

create view sample.r_crm_info_rows as
select
    b.n as zip_seq,
    lpad((1000 + sample.dice(b.n, 930, 62000))::text, 5, '0') as zip_cd,
    sample.pick(b.n, 931, array['서울특별시', '부산광역시', '경기도', ' 강원도']) as sido_nm,
    sample.pick(b.n, 932, array['강남구', '해운대구', '성남시  분당구', '춘천시']) as sigungu_nm,
    sample.blank(b.n, 933, sample.pick(b.n, 934, array['견본동', '보기동', '모형동'])) as dong_nm,
    sample.pick(b.n, 935, array['N1', 'N2', 'S1', null]) as center_cd,
    'T' || sample.dice(b.n, 936, 30) as team_cd,
    sample.staff(b.n, 937) as charge_user_id,
    1 + sample.dice(b.n, 938, 6) as visit_day_qty,
    sample.yn(b.n, 939, 95) as use_yn,
    'SYSTEM' as insrt_user_id,
    b.made as insrt_dt,
    'SYSTEM' as updt_user_id,
    case when b.at is null then b.made + sample.days(b.n, 940, 60) else b.made end as updt_dt
from (
    select
        n,
        at,
        coalesce(at, sample.moment(n, sample.size() / 4)) as made
    from sample.batch
    offset 0
) as b;

create view sample.r_home_care_rows as
select
    'HC' || to_char(sample.moment(b.n, sample.size() / 5), 'YYMMDD') || lpad(b.n::text, 7, '0')
        as care_no,
    sample.stray(b.n, 950, sample.order_no(1 + sample.dice(b.n, 951, sample.size()))) as order_no,
    sample.stray(b.n, 952, sample.order_customer(b.n)) as cust_no,
    sample.blank(b.n, 953, sample.person(b.n, 954)) as cust_nm,
    sample.typed(b.n, 957, sample.mobile(b.n)) as hand_tel_no,
    sample.pick(b.n, 958, array['1', '2', '3', null]) as care_type_cd,
    sample.pick(b.n, 959, array['10', '20', '30']) as care_status_cd,
    date_trunc('day', b.made) as cont_dt,
    sample.dated(b.n, 960, date_trunc('day', b.made)) as care_start_dt,
    sample.dated(b.n, 961, date_trunc('day', b.made) + interval '1 year') as care_end_dt,
    (5 + sample.dice(b.n, 962, 20)) * 1000 as month_amt,
    sample.memo(b.n, 963) as remark,
    sample.staff(b.n, 964) as insrt_user_id,
    b.made as insrt_dt,
    sample.staff(b.n, 965) as updt_user_id,
    case when b.at is null then b.made + sample.days(b.n, 966, 60) else b.made end as updt_dt
from (
    select
        n,
        at,
        coalesce(at, sample.moment(n, sample.size() / 5)) as made
    from sample.batch
    offset 0
) as b;
