-- The rows of B_CUST, B_CUST_CONTACT and R_GOODS for the numbers in sample.batch.

-- Now and then a person has two customer numbers: every 97th customer is the one before it.
create view sample.b_cust_rows as
select
    sample.cust_no(b.n) as cust_no,
    sample.stray(b.p, 100, sample.blank(b.p, 101, sample.person(b.p, 102))) as cust_nm,
    sample.blank(b.p, 105, 'CUSTOMER ' || b.p) as cust_eng_nm,
    case sample.dice(b.n, 106, 60)
        when 0 then '9'
        else sample.pick(b.n, 107, array['1', '1', '1', '2', '3'])
    end as cust_type_cd,
    case sample.dice(b.n, 140, 40)
        when 0 then 'Z'
        else sample.pick(b.n, 108, array['A', 'B', 'C', 'D', 'E', '', null])
    end as cust_grade_cd,
    sample.pick(b.n, 109, array['10', '20']) as cust_status_cd,
    sample.dated(b.p, 110, date_trunc('day', timestamp '1945-01-01' + sample.days(b.p, 111, 22000)))
        as birth_dt,
    sample.pick(b.p, 112, array['M', 'F', '', null]) as gender_cd,
    sample.yn(b.p, 113, 2) as foreigner_yn,
    case sample.dice(b.p, 114, 8)
        when 0 then '000-00-00000'
        when 1 then '000' || lpad(b.p::text, 7, '0')
        when 2 then ''
    end as biz_no,
    case when sample.dice(b.p, 115, 10) = 0 then sample.person(b.p, 116) end as ceo_nm,
    sample.dated(b.n, 119, b.made) as join_dt,
    sample.blank(b.n, 120, 'P' || sample.dice(b.n, 121, 5)) as join_path_cd,
    sample.stray(b.n, 122, sample.pick(b.n, 123, sample.sales_groups())) as sales_grp_cd,
    sample.staff(b.n, 124) as charge_user_id,
    sample.pick(b.n, 125, array['1', '2', '3', '', null]) as crdt_grade_cd,
    sample.dice(b.n, 126, 100) * 100000 as crdt_limit_amt,
    sample.dice(b.n, 127, 1000000) / 100.0 as point_amt,
    sample.dice(b.n, 128, 6) as order_qty,
    sample.dated(b.n, 129, b.made + sample.days(b.n, 130, 900)) as last_order_dt,
    sample.dice(b.n, 131, 50) = 0 as vip_flag,
    case when sample.dice(b.n, 132, 3) > 0 then sample.dice(b.n, 133, 200) = 0 end as black_flag,
    case when sample.dice(b.n, 134, 4) > 0 then sample.uuid(b.n, 135) end as ext_cust_id,
    sample.memo(b.n, 136) as remark,
    sample.staff(b.n, 137) as insrt_user_id,
    b.made as insrt_dt,
    sample.staff(b.n, 138) as updt_user_id,
    case when b.at is null then b.made + sample.days(b.n, 139, 30) else b.made end as updt_dt
from (
    select
        n,
        at,
        case when n % 97 = 5 then n - 1 else n end as p,
        coalesce(at, sample.moment(n, sample.customers())) as made
    from sample.batch
    offset 0
) as b;

create view sample.b_cust_contact_rows as
select
    sample.cust_no(b.n) as cust_no,
    sample.blank(b.p, 150, '02-0000-' || lpad(sample.dice(b.p, 151, 10000)::text, 4, '0'))
        as tel_no,
    sample.stray(b.p, 152, case sample.dice(b.p, 153, 30)
        when 0 then ''
        when 1 then null
        when 2 then replace(sample.phone(b.p, 154), '-', '')
        else sample.phone(b.p, 154)
    end) as hand_tel_no,
    sample.pick(b.n, 155, array['', null, '02-0000-0000']) as fax_no,
    sample.blank(
        b.n, 156, case sample.dice(b.n, 157, 20) when 0 then 'Customer' else 'customer' end
        || b.n || '@example.com'
    ) as email,
    lpad((1000 + sample.dice(b.p, 158, 62000))::text, 5, '0') as zip_cd,
    sample.blank(b.p, 159, sample.street(b.p, 160)) as addr1,
    sample.stray(b.p, 163, sample.blank(b.p, 164, sample.flat(b.p, 165))) as addr2,
    sample.pick(b.p, 167, array['R', 'J', '', null]) as addr_type_cd,
    sample.blank(b.n, 168, 'home' || b.n) as homepage_id,
    sample.pick(b.n, 169, array['Y', 'Y', 'N', 'N', '', null]) as mkt_agree_yn,
    sample.dated(b.n, 170, b.made) as mkt_agree_dt,
    sample.yn(b.n, 171, 60) as sms_agree_yn,
    sample.yn(b.n, 172, 50) as email_agree_yn,
    sample.yn(b.n, 173, 10) as dm_agree_yn,
    sample.dated(b.n, 174, b.made) as privacy_agree_dt,
    sample.staff(b.n, 175) as insrt_user_id,
    b.made as insrt_dt,
    sample.staff(b.n, 176) as updt_user_id,
    case when b.at is null then b.made + sample.days(b.n, 177, 90) else b.made end as updt_dt
from (
    select
        n,
        at,
        case when n % 97 = 5 then n - 1 else n end as p,
        coalesce(at, sample.moment(n, sample.customers())) as made
    from sample.batch
    offset 0
) as b
-- One customer in forty was never asked for an address; a new one always is.
where b.n % 40 <> 9 or b.at is not null;

create view sample.r_goods_rows as
select
    sample.goods_cd(b.n) as goods_cd,
    sample.stray(b.n, 200, sample.pick(b.n, 201, array[
        '안마의자 구름', '안마의자 숲', '안마의자  바다', '발마사지기 잎새', '안마의자 달빛', '목마사지기 솔'
    ]) || ' ' || b.n) as goods_nm,
    case
        when b.n % 20 = 0 then 'X9' else sample.pick(b.n, 202, array['C1', 'C2', 'C3', 'F1', 'N1'])
    end
        as goods_grp_cd,
    sample.pick(b.n, 203, array['1', '2', '3']) as goods_kind_cd,
    sample.stray(b.n, 204, 'MODEL-' || lpad(b.n::text, 3, '0')) as model_nm,
    sample.pick(b.n, 205, array['견본공업', '보기산업', '', null]) as maker_nm,
    'EA' as unit_cd,
    sample.memo(b.n, 206) as spec_nm,
    sample.dice(b.n, 207, 150000) / 1000.0 as weight_qty,
    sample.dice(b.n, 208, 1000)::double precision / 7 as width_qty,
    (1000 + sample.dice(b.n, 209, 6000)) * 1000 as sale_price_amt,
    (20 + sample.dice(b.n, 210, 100)) * 1000 - 100 as month_price_amt,
    sample.dice(b.n, 211, 3) * 100000 as regist_amt,
    (500 + sample.dice(b.n, 212, 2000)) * 1000 + 0.1234 as cost_amt,
    10 as vat_rate,
    sample.pick(b.n, 213, array['36', '39', '60'])::smallint as rental_month_qty,
    sample.pick(b.n, 214, array['12', '36'])::smallint as duty_month_qty,
    case when b.n % 9 = 0 then null else 12 end as as_month_qty,
    b.made as launch_dt,
    case when b.n > sample.goods_in_use() then b.made + sample.days(b.n, 215, 900)
        else sample.pick(b.n, 216, array['2999-12-31', '9999-12-31', null])::timestamp
    end as end_dt,
    case when b.n > sample.goods_in_use() then 'N' else 'Y' end as use_yn,
    sample.yn(b.n, 217, 90) as rental_yn,
    '0000000' || lpad(b.n::text, 6, '0') as barcode_no,
    sample.document(b.n, 218) as img_doc,
    b.n as disp_seq,
    sample.memo(b.n, 219) as remark,
    sample.staff(b.n, 220) as insrt_user_id,
    b.made as insrt_dt,
    sample.staff(b.n, 221) as updt_user_id,
    case when b.at is null then b.made + sample.days(b.n, 222, 60) else b.made end as updt_dt
from (
    select
        n,
        at,
        coalesce(at, sample.moment(n, sample.goods())) as made
    from sample.batch
    offset 0
) as b;
