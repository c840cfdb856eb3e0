-- The rows of R_SERVICE_RECEIPT for the numbers in sample.batch. Every 89th receipt is the one
-- before it, entered again under its own number.
create view sample.r_service_receipt_rows as
select
    'SR' || to_char(b.made, 'YYYYMMDD') || lpad(b.n::text, 7, '0') as recept_no,
    b.n as recept_seq,
    sample.stray(b.p, 500, b.order_no) as order_no,
    sample.stray(b.p, 501, b.customer) as cust_no,
    sample.stray(b.p, 502, sample.person(b.p, 503)) as cust_nm,
    sample.stray(b.p, 506, sample.order_goods(b.o)) as goods_cd,
    sample.blank(b.p, 507, 'SN' || lpad(b.o::text, 10, '0')) as goods_serial_no,
    sample.pick(b.p, 508, array['AS', 'AS', 'MV', 'IN', 'CL', 'RT', null]) as svc_type_cd,
    'B' || sample.dice(b.p, 509, 5) as svc_big_cd,
    sample.stray(b.p, 510, 'M' || sample.dice(b.p, 511, 20)) as svc_mid_cd,
    sample.blank(b.p, 512, 'S' || sample.dice(b.p, 513, 60)) as svc_sml_cd,
    b.status as svc_status_cd,
    sample.pick(b.p, 514, array['1', '2', '3', '', null]) as svc_grade_cd,
    b.received as recept_dt,
    b.received::time as recept_tm,
    sample.stray(b.p, 515, sample.pick(b.p, 516, array['W1', 'T1', 'V1', 'H1', 'Q9']))
        as recept_path_cd,
    sample.staff(b.p, 517) as recept_user_id,
    sample.person(b.p, 518) as recept_user_nm,
    sample.pick(b.p, 521, sample.sales_groups()) as recept_grp_cd,
    sample.memo(b.p, 522) as recept_memo,
    case
        when sample.bad_decrypt() and b.n in (3, 33, 133) then 'ENX:?'
        when sample.dice(b.p, 523, 6) = 0 then ''
        when sample.dice(b.p, 523, 6) > 1 then 'ENC:' || reverse(sample.phone(b.p, 524))
    end as tel_no,
    'ENC:' || reverse(sample.phone(b.p, 525)) as hand_tel_no,
    lpad((1000 + sample.dice(b.p, 526, 62000))::text, 5, '0') as zip_cd,
    sample.street(b.p, 527) as addr1,
    sample.blank(b.p, 530, sample.flat(b.p, 531)) as addr2,
    date(b.received + sample.days(b.p, 533, 10)) as visit_hope_dt,
    time '09:00' + interval '30 minutes' * sample.dice(b.p, 534, 16) as visit_hope_tm,
    sample.dated(b.p, 535, b.visited) as visit_dt,
    sample.dated(b.p, 536, b.visited + interval '90 minutes') as visit_end_dt,
    sample.dice(b.p, 537, 4) as visit_qty,
    sample.staff(b.p, 538) as visit_user_id,
    sample.person(b.p, 539) as visit_user_nm,
    sample.memo(b.p, 542) as visit_memo,
    sample.yn(b.p, 543, 5) as visit_cancel_yn,
    null::text as visit_cancel_reason_cd,
    case when b.status like 'C%' then b.visited + interval '2 hours'
        else sample.pick(b.p, 544, array['1900-01-01', '9999-12-31', null])::timestamp
    end as complete_dt,
    case when b.status like 'C%' then 'Y' else 'N' end as complete_yn,
    sample.pick(b.p, 545, array['OK', 'NG', null]) as complete_cd,
    sample.memo(b.p, 546) as complete_memo,
    case b.p % 95 when 31 then 'H8' else 'H' || b.symptom / 5 end as symptom_hdr_cd,
    'D' || b.symptom as symptom_dtl_cd,
    sample.blank(b.p, 549, case b.p % 75
        when 26 then 'L89'
        else 'L' || b.symptom * 2 + sample.dice(b.p, 550, 2)
    end) as symptom_sml_cd,
    sample.memo(b.p, 551) as symptom_memo,
    sample.blank(b.p, 552, 'K' || sample.dice(b.p, 553, 9)) as cause_cd,
    sample.blank(b.p, 554, 'R' || sample.dice(b.p, 555, 9)) as repair_cd,
    sample.dice(b.p, 556, 180) as repair_min_qty,
    sample.blank(b.p, 557, 'PT' || sample.dice(b.p, 558, 300)) as part_cd1,
    sample.dice(b.p, 559, 5000) / 1000.0 as part_qty1,
    sample.dice(b.p, 560, 100) * 1000 as part_amt1,
    case when sample.dice(b.p, 561, 5) = 0 then 'PT' || sample.dice(b.p, 562, 300) end as part_cd2,
    case when sample.dice(b.p, 561, 5) = 0 then 1 end as part_qty2,
    case when sample.dice(b.p, 561, 5) = 0 then 5500.5 end as part_amt2,
    '' as part_cd3,
    null::numeric as part_qty3,
    null::numeric as part_amt3,
    case when sample.dice(b.p, 563, 4) > 0 then sample.dice(b.p, 564, 300) * 1000 end as svc_amt,
    sample.dice(b.p, 565, 4) * 10000 as trip_amt,
    sample.dice(b.p, 566, 20) * 5000 as labor_amt,
    0 as discount_amt,
    sample.dice(b.p, 567, 1000) / 100.0 as discount_rate,
    sample.dice(b.p, 568, 300000) / 10.0 as vat_amt,
    sample.pick(b.p, 569, array['P1', 'P2', 'P4', 'P9', null]) as pay_method_cd,
    sample.yn(b.p, 570, 50) as pay_yn,
    sample.dated(b.p, 571, b.visited) as pay_dt,
    sample.yn(b.p, 572, 30) as free_yn,
    null::text as free_reason_cd,
    sample.yn(b.p, 573, 60) as warranty_yn,
    sample.dated(b.p, 574, b.received + interval '1 year') as warranty_end_dt,
    sample.pick(b.p, 575, array['N1', 'N2', 'S1', null]) as center_cd,
    sample.pick(b.p, 576, array['북부 센터', '남부  센터', '', null]) as center_nm,
    'T' || sample.dice(b.p, 577, 30) as team_cd,
    sample.pick(b.p, 578, array['00가0000', '', null]) as car_no,
    sample.dice(b.p, 579, 100000)::double precision / 999 as distance_qty,
    '' as parent_recept_no,
    case when sample.dice(b.p, 580, 8) > 0 then sample.dice(b.p, 581, 40) = 0 end as claim_flag,
    case when sample.dice(b.p, 582, 40) = 0 then '불만  접수' || chr(9) || '재방문' end as claim_memo,
    case when sample.dice(b.p, 583, 3) = 0 then 1 + sample.dice(b.p, 584, 5) end as eval_score_qty,
    sample.dated(b.p, 585, b.visited + interval '3 days') as eval_dt,
    sample.yn(b.p, 586, 40) as happy_call_flg,
    sample.document(b.p, 587) as photo_doc,
    case when sample.dice(b.p, 588, 4) = 0 then sample.uuid(b.p, 589) end as photo_id,
    9000000000 + b.n as app_seq,
    sample.staff(b.n, 590) as insrt_user_id,
    b.made as insrt_dt,
    sample.staff(b.n, 591) as updt_user_id,
    case when b.at is null then b.made + sample.days(b.n, 592, 200) else b.made end as updt_dt
from (
    select
        r.*,
        case when r.p % 60 = 13 then sample.order_no(9500000 + r.p % 400000)
            else sample.order_no(r.o)
        end as order_no,
        sample.order_customer(r.o) as customer,
        case when r.p % 70 = 44 then 'X9' else sample.pick(r.p, 596, sample.service_statuses()) end
            as status,
        r.received + sample.days(r.p, 597, 14) as visited,
        sample.dice(r.p, 548, 40) as symptom
    from (
        select
            n,
            at,
            case when n % 89 = 7 then n - 1 else n end as p,
            1 + sample.dice(case when n % 89 = 7 then n - 1 else n end, 598, sample.size()) as o,
            coalesce(at, sample.moment(n, sample.receipts())) as made,
            date_trunc('minute', coalesce(
                at, sample.moment(case when n % 89 = 7 then n - 1 else n end, sample.receipts())
            )) as received
        from sample.batch
        offset 0
    ) as r
    offset 0
) as b;
