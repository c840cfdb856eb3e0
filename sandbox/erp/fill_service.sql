-- The rows of area service: R_SHIPPING_INFO, the two evaluations, the three levels of symptoms,
-- R_CALL_GROUP and R_INSTALL_FEE, for the numbers in sample.batch.
create function sample.shippings() returns bigint
language sql immutable parallel safe
return sample.size() * 9 / 10;

create function sample.shipping_evaluations() returns bigint
language sql immutable parallel safe
return sample.shippings() / 3;

create function sample.service_evaluations() returns bigint
language sql immutable parallel safe
return sample.receipts() / 3;

create function sample.shipping_statuses() returns text[]
language sql immutable parallel safe
return array['1', '2', '3', '4', '5', '6'];

create function sample.evaluation_grades() returns text[]
language sql immutable parallel safe
return array['S', 'A', 'B', 'C', 'D'];

create function sample.ship_no(n bigint) returns text
language sql immutable parallel safe
return 'SH' || lpad(n::text, 10, '0');

-- The number of the order that shipping n belongs to.
create function sample.shipping_order(n bigint) returns bigint
language sql immutable parallel safe
return 1 + sample.dice(n, 620, sample.size());

-- Receipt n of the first build.
create function sample.recept_no(n bigint) returns text
language sql immutable parallel safe
return 'SR' || to_char(sample.moment(n, sample.receipts()), 'YYYYMMDD') || lpad(n::text, 7, '0');

-- An answer from 1 (bad) to 5; 0 for none.
create function sample.score(n bigint, salt integer) returns bigint
language sql immutable parallel safe
return case when sample.dice(n, salt, 12) > 0 then 5 - sample.dice(n, salt + 1, 9) / 2 else 0 end;

create view sample.r_shipping_info_rows as
select
    sample.ship_no(b.n) as ship_no,
    sample.stray(b.n, 621, case b.n % 60
        when 13 then sample.order_no(9600000 + b.n % 300000)
        else sample.order_no(b.o)
    end) as order_no,
    -- Exchanges and collections answer a call.
    case
        when b.kind in ('D2', 'D4')
            then sample.recept_no(1 + sample.dice(b.n, 622, sample.receipts()))
        when b.kind = 'D3' then ''
    end as recept_no,
    sample.stray(b.n, 623, sample.order_customer(b.o)) as cust_no,
    sample.stray(b.n, 624, sample.order_goods(b.o)) as goods_cd,
    sample.blank(b.n, 625, 'SN' || lpad(b.o::text, 10, '0')) as goods_serial_no,
    b.kind as ship_type_cd,
    b.status as ship_status_cd,
    case
        when b.status = '4' and sample.dice(b.n, 626, 40) = 0 then '88'
        when b.status = '4' then sample.pick(b.n, 627, array['01', '02', '03', '04', '05'])
        else sample.pick(b.n, 628, array['', null])
    end as delay_reason_cd,
    1 + sample.dice(b.n, 629, 2) as ship_qty,
    b.asked as ship_req_dt,
    date(b.asked + sample.days(b.n, 630, 14)) as ship_hope_dt,
    time '09:00' + interval '30 minutes' * sample.dice(b.n, 631, 16) as ship_hope_tm,
    sample.dated(b.n, 632, b.shipped) as ship_dt,
    case b.status
        when '3' then b.shipped + interval '5 hours'
        else sample.pick(b.n, 633, array['1900-01-01', '9999-12-31', null])::timestamp
    end as ship_complete_dt,
    sample.pick(b.n, 634, array['N1', 'N2', 'S1', null]) as center_cd,
    'T' || sample.dice(b.n, 635, 30) as team_cd,
    sample.staff(b.n, 636) as driver_id,
    sample.person(b.n, 637) as driver_nm,
    sample.stray(b.n, 640, sample.blank(b.n, 641, sample.person(b.n, 642))) as recv_nm,
    sample.blank(b.n, 645, '02-0000-' || lpad(sample.dice(b.n, 646, 10000)::text, 4, '0'))
        as recv_tel_no,
    sample.stray(b.n, 647, sample.phone(b.n, 648)) as recv_hand_tel_no,
    lpad((1000 + sample.dice(b.n, 649, 62000))::text, 5, '0') as zip_cd,
    case when b.n % 80 = 9 then '' else sample.street(b.n, 650) end as addr1,
    sample.stray(b.n, 653, sample.blank(b.n, 654, sample.flat(b.n, 655))) as addr2,
    1 + sample.dice(b.n, 657, 25) as floor_qty,
    sample.yn(b.n, 658, 80) as elevator_yn,
    sample.yn(b.n, 659, 10) as ladder_yn,
    case when sample.yn(b.n, 659, 10) = 'Y' then 80000 + sample.dice(b.n, 660, 8) * 10000 end
        as ladder_amt,
    sample.dice(b.n, 661, 6) * 10000 + 0.5 as ship_amt,
    sample.dice(b.n, 662, 100000)::double precision / 999 as distance_qty,
    sample.memo(b.n, 663) as ship_memo,
    case b.status when '4' then sample.memo(b.n, 664) end as delay_memo,
    sample.blank(b.n, 665, 'IV' || lpad(b.n::text, 9, '0')) as invoice_no,
    sample.document(b.n, 666) as sign_doc,
    case b.status
        when '5' then 'Y'
        else sample.pick(b.n, 667, array['N', 'N', 'N', '', null])
    end as cancel_yn,
    sample.staff(b.n, 668) as insrt_user_id,
    b.asked as insrt_dt,
    sample.staff(b.n, 669) as updt_user_id,
    case when b.at is null then b.asked + sample.days(b.n, 670, 60) else b.asked end as updt_dt
from (
    select
        n,
        at,
        sample.shipping_order(n) as o,
        coalesce(at, sample.moment(n, sample.shippings())) as asked,
        coalesce(at, sample.moment(n, sample.shippings())) + sample.days(n, 671, 14) as shipped,
        case n % 90
            when 41 then 'D9'
            else sample.pick(n, 672, array['D1', 'D1', 'D1', 'D2', 'D3', 'D4', null])
        end as kind,
        case n % 70 when 33 then '9' else sample.pick(n, 673, sample.shipping_statuses()) end
            as status
    from sample.batch
    offset 0
) as b;

create view sample.r_shipping_evaluation_rows as
select
    b.n as eval_seq,
    sample.stray(b.n, 680, case b.n % 50
        when 11 then sample.ship_no(9000000 + b.n)
        else sample.ship_no(b.s)
    end) as ship_no,
    sample.order_no(sample.shipping_order(b.s)) as order_no,
    sample.stray(b.n, 681, sample.order_customer(sample.shipping_order(b.s))) as cust_no,
    case b.n % 75 when 20 then 'X' else sample.pick(b.n, 682, array['T', 'M', 'K', 'P', null]) end
        as eval_method_cd,
    case
        when b.n % 75 = 40 then 'F'
        when b.is_answered then sample.pick(b.n, 683, sample.evaluation_grades())
        else ''
    end as eval_grade_cd,
    sample.dated(b.n, 684, b.made + sample.days(b.n, 685, 10)) as eval_dt,
    sample.staff(b.n, 686) as eval_user_id,
    sample.person(b.n, 687) as eval_user_nm,
    sample.staff(b.s, 636) as driver_id,
    sample.person(b.s, 637) as driver_nm,
    case when b.is_answered then 1 + sample.dice(b.n, 690, 401) / 100.0 end as total_score_qty,
    case when b.is_answered then sample.score(b.n, 691) end as time_score_qty,
    case when b.is_answered then sample.score(b.n, 693) end as kind_score_qty,
    case when b.is_answered then sample.score(b.n, 695) end as install_score_qty,
    case when b.is_answered then sample.score(b.n, 697) end as explain_score_qty,
    case when b.is_answered then sample.dice(b.n, 699, 11) end as recommend_score_qty,
    sample.dice(b.n, 700, 4) as call_qty,
    case when b.is_answered then 'Y' else 'N' end as complete_yn,
    sample.yn(b.n, 701, 4) as claim_yn,
    sample.memo(b.n, 702) as eval_memo,
    sample.dated(b.n, 703, b.made + sample.days(b.n, 704, 20)) as next_call_dt,
    sample.staff(b.n, 705) as insrt_user_id,
    b.made as insrt_dt,
    sample.staff(b.n, 706) as updt_user_id,
    case when b.at is null then b.made + sample.days(b.n, 707, 30) else b.made end as updt_dt
from (
    select
        n,
        at,
        1 + sample.dice(n, 708, sample.shippings()) as s,
        sample.dice(n, 709, 6) > 0 as is_answered,
        coalesce(at, sample.moment(n, sample.shipping_evaluations())) as made
    from sample.batch
    offset 0
) as b;

-- An evaluation has its call's order and customer, which fill_receipts.sql draws in this way; those
-- of a call that was entered twice may be of another.
create view sample.r_service_evaluation_rows as
select
    b.n as eval_seq,
    sample.stray(b.n, 720, case b.n % 50
        when 11 then 'SR20010101' || lpad(b.n::text, 7, '0')
        else sample.recept_no(b.r)
    end) as recept_no,
    sample.order_no(1 + sample.dice(b.r, 598, sample.size())) as order_no,
    sample.stray(
        b.n, 721, sample.order_customer(1 + sample.dice(b.r, 598, sample.size()))
    ) as cust_no,
    case b.n % 75 when 20 then 'X' else sample.pick(b.n, 722, array['T', 'M', 'K', 'P', null]) end
        as eval_method_cd,
    case
        when b.n % 75 = 40 then 'F'
        when b.is_answered then sample.pick(b.n, 723, sample.evaluation_grades())
        else ''
    end as eval_grade_cd,
    sample.dated(b.n, 724, b.made + sample.days(b.n, 725, 10)) as eval_dt,
    sample.staff(b.n, 726) as eval_user_id,
    sample.person(b.n, 727) as eval_user_nm,
    sample.staff(b.r, 538) as visit_user_id,
    sample.person(b.r, 539) as visit_user_nm,
    case when b.is_answered then 1 + sample.dice(b.n, 730, 401) / 100.0 end as total_score_qty,
    case when b.is_answered then sample.score(b.n, 731) end as time_score_qty,
    case when b.is_answered then sample.score(b.n, 733) end as kind_score_qty,
    case when b.is_answered then sample.score(b.n, 735) end as skill_score_qty,
    case when b.is_answered then sample.score(b.n, 737) end as clean_score_qty,
    case when b.is_answered then sample.dice(b.n, 739, 11) end as recommend_score_qty,
    sample.dice(b.n, 740, 4) as call_qty,
    case when b.is_answered then sample.yn(b.n, 741, 85) else '' end as resolved_yn,
    case when b.is_answered then 'Y' else 'N' end as complete_yn,
    sample.yn(b.n, 742, 6) as claim_yn,
    sample.memo(b.n, 743) as eval_memo,
    sample.dated(b.n, 744, b.made + sample.days(b.n, 745, 20)) as next_call_dt,
    sample.staff(b.n, 746) as insrt_user_id,
    b.made as insrt_dt,
    sample.staff(b.n, 747) as updt_user_id,
    case when b.at is null then b.made + sample.days(b.n, 748, 30) else b.made end as updt_dt
from (
    select
        n,
        at,
        1 + sample.dice(n, 749, sample.receipts()) as r,
        sample.dice(n, 750, 6) > 0 as is_answered,
        coalesce(at, sample.moment(n, sample.service_evaluations())) as made
    from sample.batch
    offset 0
) as b;

-- Symptoms: eight of the first level, five below each, two below each of these. Numbers above them
-- are of later changes.
create view sample.r_prod_symptom_hdr_rows as
select
    'H' || b.n as symptom_hdr_cd,
    sample.stray(b.n, 760, (array[
        '전원', '소음', '안마볼', '에어', '리모컨', '가죽', '발  마사지', '기타'
    ])[1 + b.n % 8]) as symptom_hdr_nm,
    sample.pick(b.n, 761, array['C1', 'C2', 'F1', '', null]) as goods_grp_cd,
    'Y' as use_yn,
    b.n * 10 as disp_seq,
    sample.memo(b.n, 762) as remark,
    'SYSTEM' as insrt_user_id,
    b.made as insrt_dt,
    'SYSTEM' as updt_user_id,
    b.made as updt_dt
from (select n, coalesce(at, timestamp '2013-12-02 10:00:00') as made from sample.batch) as b;

create view sample.r_prod_symptom_dtl_rows as
select
    'D' || b.n as symptom_dtl_cd,
    case b.n % 9 when 4 then 'h' else 'H' end || b.n / 5 % 8 as symptom_hdr_cd,
    sample.stray(b.n, 763, (array['불량', '이상', '파손', '작동  안 됨', '간헐적'])[1 + b.n % 5])
        as symptom_dtl_nm,
    case when b.n % 13 = 12 then 'N' else 'Y' end as use_yn,
    b.n * 10 as disp_seq,
    sample.memo(b.n, 764) as remark,
    'SYSTEM' as insrt_user_id,
    b.made as insrt_dt,
    'SYSTEM' as updt_user_id,
    b.made as updt_dt
from (select n, coalesce(at, timestamp '2013-12-02 10:00:00') as made from sample.batch) as b;

create view sample.r_prod_symptom_sml_rows as
select
    'L' || b.n as symptom_sml_cd,
    sample.stray(b.n, 765, 'D' || b.n / 2 % 40) as symptom_dtl_cd,
    sample.stray(b.n, 766, (array['설치 직후', '사용 중 '])[1 + b.n % 2] || ' 발생') as symptom_sml_nm,
    sample.dice(b.n, 767, 18) * 10 as repair_min_qty,
    case when b.n % 13 = 12 then 'N' else 'Y' end as use_yn,
    b.n * 10 as disp_seq,
    sample.memo(b.n, 768) as remark,
    'SYSTEM' as insrt_user_id,
    b.made as insrt_dt,
    'SYSTEM' as updt_user_id,
    b.made as updt_dt
from (select n, coalesce(at, timestamp '2013-12-02 10:00:00') as made from sample.batch) as b;

create view sample.r_call_group_rows as
select
    'CG' || lpad(b.n::text, 3, '0') as call_grp_cd,
    sample.stray(b.n, 770, sample.pick(b.n, 771, array['접수', '상담', '해지  방어', '배송', '해피콜'])
    || ' ' || b.n || '팀') as call_grp_nm,
    case when b.n > 4 then 'CG' || lpad((1 + b.n % 4)::text, 3, '0') else '' end
        as upper_call_grp_cd,
    case b.n % 12 when 8 then '9' else sample.pick(b.n, 772, array['I', 'O', 'C']) end
        as call_kind_cd,
    sample.pick(b.n, 773, array['N1', 'N2', 'S1', null]) as center_cd,
    '02-0000-' || lpad(b.n::text, 4, '0') as rep_tel_no,
    5 + sample.dice(b.n, 774, 30) as agent_qty,
    time '09:00' as open_tm,
    time '18:00' + interval '1 hour' * sample.dice(b.n, 775, 4) as close_tm,
    case when b.n % 10 = 9 then 'N' else 'Y' end as use_yn,
    b.n * 10 as disp_seq,
    sample.memo(b.n, 776) as remark,
    'SYSTEM' as insrt_user_id,
    b.made as insrt_dt,
    'SYSTEM' as updt_user_id,
    b.made as updt_dt
from (select n, coalesce(at, timestamp '2013-12-02 10:00:00') as made from sample.batch) as b;

-- Number n is a kind of installation of a group of goods, from one of three days on; numbers above
-- them start a day later each.
create view sample.r_install_fee_rows as
select
    (array['C1', 'C2', 'C3', 'F1', 'N1'])[1 + b.n % 5] as goods_grp_cd,
    (array['N1', 'M1', 'R1', 'U1'])[1 + b.n / 5 % 4] as install_type_cd,
    b.starts as start_dt,
    case b.n / 20
        when 0 then timestamp '2018-12-31'
        when 1 then timestamp '2021-12-31'
        else sample.pick(b.n, 780, array['2999-12-31', '9999-12-31', null])::timestamp
    end as end_dt,
    (3 + sample.dice(b.n, 781, 12)) * 10000 as fee_amt,
    (3 + sample.dice(b.n, 781, 12)) * 1000 as vat_amt,
    80000 + sample.dice(b.n, 782, 8) * 10000 as ladder_amt,
    case when sample.dice(b.n, 783, 4) > 0 then 150000.5 end as island_amt,
    sample.dice(b.n, 784, 5) * 10 as holiday_rate,
    60 + sample.dice(b.n, 785, 12) * 10 as work_min_qty,
    case when b.n < 20 then 'N' else 'Y' end as use_yn,
    sample.memo(b.n, 786) as remark,
    'SYSTEM' as insrt_user_id,
    b.made as insrt_dt,
    'SYSTEM' as updt_user_id,
    b.made as updt_dt
from (
    select
        n,
        coalesce(at, timestamp '2013-12-02 10:00:00') as made,
        case
            when n < 60 then timestamp '2016-01-01' + interval '3 years' * (n / 20)
            else timestamp '2025-01-01' + interval '1 day' * (n - 60)
        end as starts
    from sample.batch
) as b;
