-- The rows of R_ORDER_CONTRACT and R_ORDER_CONTRACT_ADD for the numbers in sample.batch.
create view sample.r_order_contract_rows as
select
    b.order_no,
    sample.stray(b.n, 300, b.customer) as cust_no,
    sample.order_goods(b.n) as goods_cd,
    coalesce(b.status, '99') as order_status_cd,
    case b.n % 80
        when 50 then 'ZZ'
        when 51 then null
        else sample.pick(b.n, 302, array['R1', 'R1', 'R1', 'S1', 'M1', 'E1'])
    end as order_type_cd,
    sample.stray(b.n, 303, sample.pick(b.n, 304, array['W1', 'T1', 'V1', 'H1', '']))
        as order_channel_cd,
    sample.stray(b.n, 305, case b.n % 90
        when 60 then 'G999'
        else sample.pick(b.n, 307, sample.sales_groups())
    end) as sales_grp_cd,
    'O1' as sales_org_cd,
    sample.staff(b.n, 308) as sales_user_id,
    sample.person(b.n, 309) as sales_user_nm,
    date_trunc('day', b.made) as cont_dt,
    sample.dated(b.n, 313, b.starts) as cont_start_dt,
    sample.dated(b.n, 314, b.starts + interval '1 month' * b.months) as cont_end_dt,
    1 + sample.dice(b.n, 315, 3) as cont_seq,
    sample.pick(b.n, 316, array['N', 'R']) as cont_kind_cd,
    sample.blank(b.n, 317, 'P' || sample.dice(b.n, 318, 5)) as cont_path_cd,
    1 + sample.dice(b.n, 319, 2) as goods_qty,
    sample.pick(b.n, 320, array['BK', 'BR', 'IV', ' BK', '']) as goods_color_cd,
    sample.blank(b.n, 321, 'SN' || lpad(b.n::text, 10, '0')) as goods_serial_no,
    sample.pick(b.n, 322, array['기본', '온열  추가', '', null]) as goods_option_nm,
    b.monthly as month_amt,
    b.monthly * b.months as total_amt,
    sample.dice(b.n, 323, 3) * 100000 as regist_amt,
    sample.dice(b.n, 324, 10) * 50000 as prepay_amt,
    sample.dice(b.n, 325, 20) * 500 as discount_amt,
    sample.dice(b.n, 326, 3000) / 100.0 as discount_rate,
    sample.blank(b.n, 327, 'PM' || sample.dice(b.n, 328, 30)) as promotion_cd,
    sample.dice(b.n, 329, 5) * 10000 as promotion_amt,
    round(b.monthly / 1.1, 4) as supply_amt,
    b.monthly - round(b.monthly / 1.1, 4) as vat_amt,
    10 as vat_rate,
    sample.dice(b.n, 330, 1000)::double precision / 3000 as penalty_rate,
    case when b.status = '80' then sample.dice(b.n, 331, 100) * 10000 end as penalty_amt,
    b.months as rental_month_qty,
    b.months / 3 as duty_month_qty,
    sample.dice(b.n, 332, 3) as free_month_qty,
    sample.dice(b.n, 333, 60) as paid_month_qty,
    sample.dice(b.n, 334, 5000000) + 0.25 as remain_amt,
    sample.dice(b.n, 335, 4) as overdue_month_qty,
    -sample.dice(b.n, 336, 10) * 19900 as overdue_amt,
    sample.dated(b.n, 337, b.made + sample.days(b.n, 338, 700)) as last_paid_dt,
    sample.dated(b.n, 339, b.made + sample.days(b.n, 340, 20)) as install_dt,
    date(b.made + sample.days(b.n, 341, 20)) as install_hope_dt,
    time '09:00' + interval '30 minutes' * sample.dice(b.n, 342, 16) as install_hope_tm,
    sample.yn(b.n, 343, 85) as install_yn,
    sample.dated(b.n, 344, b.made + sample.days(b.n, 345, 20)) as delivery_dt,
    sample.blank(b.n, 346, 'DL' || lpad(b.n::text, 9, '0')) as delivery_no,
    sample.pick(b.n, 347, array['1', '2', '3', '4', '9', null]) as delivery_status_cd,
    case
        when b.status = '80' then 'Y' else sample.pick(b.n, 348, array['N', 'N', 'N', '', null])
    end
        as cancel_yn,
    case when b.status = '80' then b.made + sample.days(b.n, 349, 400)
        else sample.pick(b.n, 350, array['1900-01-01', null])::timestamp
    end as cancel_dt,
    case when b.status = '80' then sample.pick(b.n, 351, array['01', '02', '03', '04', '77']) end
        as cancel_reason_cd,
    case when b.status = '80' then sample.memo(b.n, 352) end as cancel_memo,
    sample.yn(b.n, 353, 3) as return_yn,
    sample.pick(b.n, 354, array['1900-01-01', null])::timestamp as return_dt,
    sample.yn(b.n, 355, 5) as move_yn,
    sample.dice(b.n, 356, 3) as move_qty,
    sample.yn(b.n, 357, 2) as owner_change_yn,
    null::timestamp as owner_change_dt,
    case when b.n % 30 = 1 then sample.order_no(b.n - 1) else '' end as prev_order_no,
    null::text as ref_order_no,
    sample.pick(b.n, 358, array['', null, ' ']) as group_order_no,
    sample.blank(b.n, 359, 'GF' || sample.dice(b.n, 360, 12)) as gift_cd,
    sample.dice(b.n, 361, 2) as gift_qty,
    sample.pick(b.n, 362, array['1', '2', '3', '', null]) as crdt_grade_cd,
    300 + sample.dice(b.n, 363, 700) as crdt_point_qty,
    b.made as crdt_check_dt,
    sample.yn(b.n, 364, 70) as e_sign_flg,
    sample.document(b.n, 365) as e_sign_doc,
    case when sample.dice(b.n, 366, 3) > 0 then sample.uuid(b.n, 367) end as e_sign_id,
    sample.yn(b.n, 368, 80) as doc_recv_flag,
    sample.yn(b.n, 369, 60) as happy_call_flg,
    sample.dated(b.n, 370, b.made + sample.days(b.n, 371, 30)) as happy_call_dt,
    sample.memo(b.n, 372) as happy_call_memo,
    case when sample.dice(b.n, 373, 10) > 0 then sample.dice(b.n, 374, 3) = 0 end as web_order_flag,
    8000000000 + b.n as web_order_seq,
    to_char(b.made, 'YYYYMM') as close_ym,
    sample.memo(b.n, 375) as remark,
    sample.memo(b.n, 376) as remark2,
    b.n % 500 = 0 as temp_flag,
    sample.staff(b.n, 377) as insrt_user_id,
    b.made as insrt_dt,
    sample.staff(b.n, 378) as updt_user_id,
    case when b.at is null then b.made + sample.days(b.n, 379, 400) else b.made end as updt_dt
from (
    select
        n,
        at,
        coalesce(at, sample.moment(n, sample.size())) as made,
        coalesce(at, sample.moment(n, sample.size())) + sample.days(n, 380, 25) as starts,
        sample.order_no(n) as order_no,
        sample.order_customer(n) as customer,
        case when n % 70 <> 33 then sample.pick(n, 382, sample.order_statuses()) end as status,
        (array[36, 39, 60])[1 + sample.dice(n, 383, 3)] as months,
        case sample.dice(n, 384, 50)
            when 0 then null
            when 1 then 0
            else ((19 + sample.dice(n, 385, 120)) * 1000 + 900)
        end::numeric as monthly
    from sample.batch
    offset 0
) as b;

create view sample.r_order_contract_add_rows as
select
    b.order_no,
    sample.stray(b.n, 400, sample.blank(b.n, 401, sample.person(b.n, 402))) as install_cust_nm,
    sample.pick(b.n, 405, array['1', '2', '3', '', null]) as install_rel_cd,
    sample.blank(b.n, 406, sample.phone(b.n, 407)) as install_tel_no,
    sample.stray(b.n, 408, sample.phone(b.n, 409)) as install_hand_tel_no,
    lpad((1000 + sample.dice(b.n, 410, 62000))::text, 5, '0') as install_zip_cd,
    case when b.n % 60 = 7 and b.at is null then '' else sample.street(b.n, 411) end
        as install_addr1,
    sample.stray(b.n, 414, sample.blank(b.n, 415, sample.flat(b.n, 416))) as install_addr2,
    sample.pick(b.n, 418, array['R', 'J', null]) as install_addr_type_cd,
    1 + sample.dice(b.n, 419, 25) as install_floor_qty,
    sample.yn(b.n, 420, 80) as install_elevator_yn,
    sample.yn(b.n, 421, 10) as install_ladder_yn,
    sample.memo(b.n, 422) as install_memo,
    sample.blank(b.n, 423, 'L' || sample.dice(b.n, 424, 4)) as install_place_cd,
    sample.pick(b.n, 425, array['거실', '안방', '작은 방', '', null]) as install_room_nm,
    case sample.dice(b.n, 426, 70)
        when 0 then 'P9'
        else sample.pick(b.n, 427, array['P1', 'P2', 'P3', 'P4', null])
    end as pay_method_cd,
    (array[5, 10, 15, 25, 0])[1 + sample.dice(b.n, 428, 5)] as pay_day_qty,
    sample.pick(b.n, 429, array['001', '002', '003', null]) as pay_bank_cd,
    sample.blank(b.n, 430, '000-0000-' || lpad(sample.dice(b.n, 431, 10000)::text, 4, '0'))
        as pay_account_no,
    sample.person(b.n, 432) as pay_account_nm,
    sample.pick(b.n, 435, array['K1', 'K2', null]) as pay_card_cd,
    sample.blank(b.n, 436, '0000-****-****-' || lpad(sample.dice(b.n, 437, 10000)::text, 4, '0'))
        as pay_card_no,
    to_char(b.made + interval '3 years', 'YYYYMM') as pay_card_valid_ym,
    sample.yn(b.n, 438, 95) as pay_agree_yn,
    sample.dated(b.n, 439, b.made) as pay_agree_dt,
    sample.dated(b.n, 440, b.made + interval '1 month') as pay_start_dt,
    sample.stray(b.n, 441, sample.order_customer(b.n)) as pay_cust_no,
    sample.pick(b.n, 442, array['E', 'P', null]) as bill_type_cd,
    sample.blank(b.n, 443, 'bill' || b.n || '@example.com') as bill_email,
    lpad((1000 + sample.dice(b.n, 444, 62000))::text, 5, '0') as bill_zip_cd,
    sample.blank(b.n, 445, sample.street(b.n, 446)) as bill_addr1,
    sample.blank(b.n, 449, sample.flat(b.n, 450)) as bill_addr2,
    sample.blank(b.n, 452, sample.phone(b.n, 453)) as bill_tel_no,
    sample.yn(b.n, 454, 5) as tax_bill_flag,
    sample.pick(b.n, 455, array['000-00-00000', '', null, null]) as tax_biz_no,
    sample.pick(b.n, 456, array['(주)견본상사', '보기 식당', '', null, null]) as tax_biz_nm,
    null::text as tax_ceo_nm,
    sample.yn(b.n, 457, 15) as old_goods_yn,
    sample.pick(b.n, 458, array['타사 안마의자', '', null, null]) as old_goods_nm,
    sample.dice(b.n, 459, 10) * 10000 as old_goods_amt,
    sample.dated(b.n, 460, b.made) as old_goods_collect_dt,
    case
        when
            sample.dice(b.n, 461, 10) = 0
            then sample.cust_no(1 + sample.dice(b.n, 462, sample.customers()))
    end
        as intro_cust_no,
    null::text as intro_cust_nm,
    sample.dice(b.n, 463, 5) * 10000 as intro_amt,
    sample.yn(b.n, 464, 10) as intro_paid_flg,
    sample.dice(b.n, 465, 1000000) / 10000.0 as commission_rate,
    sample.dice(b.n, 466, 1000000) / 10000.0 as commission_amt,
    0 as deposit_amt,
    sample.pick(b.n, 467, array['1900-01-01', null])::timestamp as deposit_dt,
    sample.yn(b.n, 468, 10) as insure_yn,
    sample.blank(b.n, 469, 'IN' || b.n) as insure_no,
    sample.pick(b.n, 470, array['2999-12-31', '9999-12-31', null])::timestamp as insure_end_dt,
    sample.yn(b.n, 471, 70) as sms_recv_yn,
    sample.yn(b.n, 472, 40) as email_recv_yn,
    sample.uuid(b.n, 473) as agree_doc_id,
    sample.document(b.n, 474) as agree_doc,
    33 + sample.dice(b.n, 475, 5000000)::double precision / 1000000 as install_lat,
    126 + sample.dice(b.n, 476, 3000000)::double precision / 1000000 as install_lng,
    b.n as add_seq,
    sample.memo(b.n, 477) as remark,
    sample.staff(b.n, 478) as insrt_user_id,
    b.made as insrt_dt,
    sample.staff(b.n, 479) as updt_user_id,
    case when b.at is null then b.made + sample.days(b.n, 480, 400) else b.made end as updt_dt
from (
    select
        n,
        at,
        coalesce(at, sample.moment(n % 9000000, sample.size())) as made,
        sample.order_no(n) as order_no
    from sample.batch
    offset 0
) as b;
