-- The rows of R_ORDER_CUST_INFO, R_CONTRACT_CANCEL_RECEIPT, R_CONTRACT_MOVE_RECEIPT, B_DEPT and
-- B_USER for the numbers in sample.batch. An R_ORDER_CUST_INFO row has its order's number.
create function sample.cancel_receipts() returns bigint
language sql immutable parallel safe
return sample.size() / 8;

create function sample.move_receipts() returns bigint
language sql immutable parallel safe
return sample.size() / 10;

create function sample.users() returns bigint
language sql immutable parallel safe
return 90;

create function sample.depts() returns bigint
language sql immutable parallel safe
return 8;

create function sample.cancel_statuses() returns text[]
language sql immutable parallel safe
return array['10', '20', '30', '40', '50', '90'];

create function sample.move_statuses() returns text[]
language sql immutable parallel safe
return array['10', '20', '30', '40', '90'];

create view sample.r_order_cust_info_rows as
select
    b.order_no,
    sample.stray(b.n, 700, b.customer) as cust_no,
    sample.stray(b.n, 701, sample.blank(b.n, 702, sample.person(b.n, 703))) as cust_nm,
    sample.pick(b.n, 706, array['1', '2', '3', '', null]) as cust_rel_cd,
    sample.blank(b.n, 707, '02-0000-' || lpad(sample.dice(b.n, 708, 10000)::text, 4, '0'))
        as tel_no,
    sample.stray(b.n, 709, sample.blank(b.n, 710, sample.phone(b.n, 711))) as hand_tel_no,
    sample.blank(b.n, 712, 'order' || b.n || '@example.com') as email,
    lpad((1000 + sample.dice(b.n, 713, 62000))::text, 5, '0') as zip_cd,
    sample.blank(b.n, 714, sample.street(b.n, 715)) as addr1,
    sample.stray(b.n, 718, sample.blank(b.n, 719, sample.flat(b.n, 720))) as addr2,
    sample.dated(b.n, 722, date_trunc('day', timestamp '1945-01-01' + sample.days(b.n, 723, 22000)))
        as birth_dt,
    sample.pick(b.n, 724, array['M', 'F', '', null]) as gender_cd,
    sample.pick(b.n, 725, array['000-00-00000', '', null, null]) as biz_no,
    sample.pick(b.n, 726, array['(주)견본상사', '보기 식당', '', null, null]) as biz_nm,
    null::text as ceo_nm,
    sample.pick(b.n, 727, array['회사원', '자영업', '주부', '', null]) as job_nm,
    sample.pick(b.n, 728, array['AM', 'PM', null]) as contact_tm_cd,
    sample.memo(b.n, 729) as contact_memo,
    sample.yn(b.n, 730, 60) as sms_agree_yn,
    sample.yn(b.n, 731, 40) as email_agree_yn,
    sample.dated(b.n, 732, b.made) as privacy_agree_dt,
    case when sample.dice(b.n, 733, 3) > 0 then sample.uuid(b.n, 734) end as agree_doc_id,
    sample.staff(b.n, 735) as insrt_user_id,
    b.made as insrt_dt,
    sample.staff(b.n, 736) as updt_user_id,
    case when b.at is null then b.made + sample.days(b.n, 737, 200) else b.made end as updt_dt
from (
    select
        n,
        at,
        coalesce(at, sample.moment(n % 9000000, sample.size())) as made,
        sample.order_no(n) as order_no,
        sample.order_customer(n) as customer
    from sample.batch
    offset 0
) as b;

-- One receipt in thirty is about an order that nobody entered.
create view sample.r_contract_cancel_receipt_rows as
select
    'CR' || to_char(b.made, 'YYYYMMDD') || lpad(b.n::text, 7, '0') as cancel_recept_no,
    sample.stray(b.n, 740, b.order_no) as order_no,
    sample.stray(b.n, 741, b.customer) as cust_no,
    b.made as recept_dt,
    sample.stray(b.n, 742, sample.pick(b.n, 743, array['W1', 'T1', 'V1', 'M1'])) as recept_path_cd,
    sample.staff(b.n, 744) as recept_user_id,
    sample.person(b.n, 745) as recept_user_nm,
    b.status as cancel_status_cd,
    case b.n % 40
        when 9 then '77'
        else sample.pick(
            b.n, 748, array['01', '02', '03', '04', '05', '06', '07', '09', '11', '12', null]
        )
    end as cancel_reason_cd,
    sample.memo(b.n, 749) as cancel_memo,
    sample.blank(b.n, 750, sample.phone(b.n, 751)) as tel_no,
    sample.stray(b.n, 752, sample.pick(b.n, 753, sample.sales_groups())) as charge_grp_cd,
    sample.dated(b.n, 754, date_trunc('day', b.made + sample.days(b.n, 755, 40))) as cancel_hope_dt,
    sample.dated(b.n, 756, date_trunc('day', b.made + sample.days(b.n, 757, 60))) as collect_dt,
    case
        when b.status = '50' then b.made + sample.days(b.n, 758, 60)
        else sample.pick(b.n, 759, array['1900-01-01', '9999-12-31', null])::timestamp
    end as complete_dt,
    case
        when b.status = '90' then 'Y' else sample.pick(b.n, 760, array['N', 'N', '', null])
    end as withdraw_yn,
    case when b.status = '90' then b.made + sample.days(b.n, 761, 10) end as withdraw_dt,
    sample.dice(b.n, 762, 60) as use_month_qty,
    sample.dice(b.n, 763, 36) as remain_month_qty,
    case when sample.dice(b.n, 764, 5) > 0 then sample.dice(b.n, 765, 200) * 5000 end
        as penalty_amt,
    sample.dice(b.n, 766, 5000) / 100.0 as penalty_rate,
    sample.dice(b.n, 767, 4) * 39900 as unpaid_amt,
    sample.dice(b.n, 768, 300000) + 0.5 as refund_amt,
    sample.yn(b.n, 769, 70) as sign_flg,
    sample.document(b.n, 770) as sign_doc,
    sample.memo(b.n, 771) as remark,
    sample.staff(b.n, 772) as insrt_user_id,
    b.made as insrt_dt,
    sample.staff(b.n, 773) as updt_user_id,
    case when b.at is null then b.made + sample.days(b.n, 774, 90) else b.made end as updt_dt
from (
    select
        r.n,
        r.at,
        r.made,
        case
            when r.n % 30 = 11 then sample.order_no(9600000 + r.n % 300000)
            else sample.order_no(r.o)
        end as order_no,
        sample.order_customer(r.o) as customer,
        case
            when r.n % 20 = 7 then 'X1' else sample.pick(r.n, 775, sample.cancel_statuses())
        end as status
    from (
        select
            n,
            at,
            coalesce(at, sample.moment(n, sample.cancel_receipts())) as made,
            1 + sample.dice(n, 776, sample.size()) as o
        from sample.batch
        offset 0
    ) as r
    offset 0
) as b;

-- One receipt in forty is about an order that nobody entered.
create view sample.r_contract_move_receipt_rows as
select
    'MR' || to_char(b.made, 'YYYYMMDD') || lpad(b.n::text, 7, '0') as move_recept_no,
    sample.stray(b.n, 790, b.order_no) as order_no,
    sample.stray(b.n, 791, b.customer) as cust_no,
    b.made as recept_dt,
    sample.stray(b.n, 792, sample.pick(b.n, 793, array['W1', 'T1', 'V1', 'M1'])) as recept_path_cd,
    sample.staff(b.n, 794) as recept_user_id,
    sample.person(b.n, 795) as recept_user_nm,
    b.status as move_status_cd,
    lpad((1000 + sample.dice(b.n, 798, 62000))::text, 5, '0') as from_zip_cd,
    sample.blank(b.n, 799, sample.street(b.n, 800)) as from_addr1,
    sample.stray(b.n, 803, sample.blank(b.n, 804, sample.flat(b.n, 805))) as from_addr2,
    lpad((1000 + sample.dice(b.n, 807, 62000))::text, 5, '0') as to_zip_cd,
    sample.blank(b.n, 808, sample.street(b.n, 809)) as to_addr1,
    sample.stray(b.n, 812, sample.blank(b.n, 813, sample.flat(b.n, 814))) as to_addr2,
    sample.blank(b.n, 816, sample.phone(b.n, 817)) as to_tel_no,
    1 + sample.dice(b.n, 818, 25) as to_floor_qty,
    sample.yn(b.n, 819, 80) as to_elevator_yn,
    sample.yn(b.n, 820, 10) as to_ladder_yn,
    case when sample.dice(b.n, 821, 12) > 0 then date(b.made + sample.days(b.n, 822, 30)) end
        as move_hope_dt,
    time '09:00' + interval '30 minutes' * sample.dice(b.n, 823, 16) as move_hope_tm,
    sample.dated(b.n, 824, date_trunc('minute', b.moved)) as move_dt,
    case
        when b.status = '40' then b.moved + interval '2 hours'
        else sample.pick(b.n, 825, array['1900-01-01', '9999-12-31', null])::timestamp
    end as complete_dt,
    sample.staff(b.n, 826) as move_user_id,
    sample.person(b.n, 827) as move_user_nm,
    case when sample.dice(b.n, 830, 5) > 0 then sample.dice(b.n, 831, 30) * 10000 end as move_amt,
    sample.pick(b.n, 832, array['P1', 'P2', 'P4', 'P9', null]) as pay_method_cd,
    sample.pick(b.n, 833, array['Y', 'N', 'N', '', null]) as pay_yn,
    sample.memo(b.n, 834) as remark,
    sample.staff(b.n, 835) as insrt_user_id,
    b.made as insrt_dt,
    sample.staff(b.n, 836) as updt_user_id,
    case when b.at is null then b.made + sample.days(b.n, 837, 90) else b.made end as updt_dt
from (
    select
        r.n,
        r.at,
        r.made,
        r.made + sample.days(r.n, 838, 30) as moved,
        case
            when r.n % 40 = 11 then sample.order_no(9600000 + r.n % 300000)
            else sample.order_no(r.o)
        end as order_no,
        sample.order_customer(r.o) as customer,
        case
            when r.n % 20 = 7 then 'X2' else sample.pick(r.n, 839, sample.move_statuses())
        end as status
    from (
        select
            n,
            at,
            coalesce(at, sample.moment(n, sample.move_receipts())) as made,
            1 + sample.dice(n, 840, sample.size()) as o
        from sample.batch
        offset 0
    ) as r
    offset 0
) as b;

create view sample.b_dept_rows as
select
    'D' || lpad(n::text, 3, '0') as dept_cd,
    (array['경영지원', '강남 전시장', '마포 전시장 ', '부산 전시장', '온라인팀', '법인영업', '상담센터', '물류팀'])[n]
        as dept_nm,
    'SYSTEM' as insrt_user_id,
    timestamp '2013-12-01 10:00:00' as insrt_dt,
    'SYSTEM' as updt_user_id,
    timestamp '2013-12-01 10:00:00' as updt_dt
from sample.batch;

create view sample.b_user_rows as
select
    'U' || lpad(b.n::text, 5, '0') as usr_id,
    sample.stray(b.n, 860, sample.person(b.n, 861)) as usr_nm,
    sample.blank(b.n, 864, 'USER ' || b.n) as usr_eng_nm,
    sample.pick(b.n, 865, array['1', '1', '2']) as usr_kind_cd,
    -- One user in thirty is of a department that is gone.
    'D' || lpad(
        case when b.n % 30 = 4 then 99 else 1 + sample.dice(b.n, 866, sample.depts()) end::text,
        3,
        '0'
    ) as dept_cd,
    sample.pick(b.n, 867, array['사원', '대리', '과장', '팀장', '', null]) as position_nm,
    sample.pick(b.n, 868, sample.sales_groups()) as sales_grp_cd,
    sample.blank(b.n, 869, '02-0000-' || lpad(sample.dice(b.n, 870, 10000)::text, 4, '0'))
        as tel_no,
    sample.blank(b.n, 871, sample.phone(b.n, 872)) as hand_tel_no,
    sample.blank(b.n, 873, 'user' || b.n || '@example.com') as email,
    case when b.n % 9 = 0 then 'N' else 'Y' end as use_yn,
    date_trunc('day', b.made) as enter_dt,
    case
        when b.n % 9 = 0 then b.made + sample.days(b.n, 874, 900) else timestamp '2999-12-31'
    end as retire_dt,
    md5(sample.seed()::text || '/' || b.n) as password_hash,
    'SYSTEM' as insrt_user_id,
    b.made as insrt_dt,
    sample.staff(b.n, 875) as updt_user_id,
    case when b.at is null then b.made + sample.days(b.n, 876, 90) else b.made end as updt_dt
from (
    select
        n,
        at,
        coalesce(at, sample.moment(n, sample.users())) as made
    from sample.batch
    offset 0
) as b;
