-- More of lv0: shipping, evaluations, symptoms, call groups and fees.
create table lv0.r_shipping_info (
    ship_no varchar(20) primary key, order_no varchar(20), recept_no varchar(20),
    cust_no varchar(13), goods_cd varchar(18), ship_type_cd char(4), ship_status_cd varchar(10),
    delay_reason_cd varchar(10), ship_req_dt timestamp(3), ship_hope_dt date, ship_dt timestamp(3),
    ship_complete_dt timestamp(3), recv_nm varchar(50), recv_tel_no varchar(40),
    recv_hand_tel_no varchar(40), zip_cd char(6), addr1 varchar(200), addr2 varchar(200),
    ladder_amt numeric(19, 4), ship_amt numeric(19, 4), ship_memo text, cancel_yn char(1),
    insrt_dt timestamp(3) not null, updt_dt timestamp(3) not null,
    _extracted_at timestamptz not null, _deleted_at timestamptz
);
insert into lv0.r_shipping_info values
('SH1', ' hi2001010001', 'SR1', 'C1', 'G1', 'D2', '3', null, '2020-02-03 08:00', '2020-02-05', '2020-02-04 08:00', '2020-02-05 10:30', ' 견본가', '', '010-0000-0001', '06236', '서울  강남구', '', null, 30000.5, null, 'N', '2020-02-03 08:00', '2020-02-03', '2026-01-01 00:00+00', null),
('SH2', 'HI9999999999', '', 'C9', 'G9', null, '9', null, '2020-02-03 08:00', null, '2999-12-31', '1900-01-01', null, null, null, null, '', null, null, null, ' ', null, '2020-02-03 08:00', '2020-02-03', '2026-01-01 00:00+00', '2026-01-01 00:00+00');

create table lv0.r_shipping_evaluation (
    eval_seq bigint primary key, ship_no varchar(20), order_no varchar(20), cust_no varchar(13),
    eval_method_cd char(4), eval_grade_cd char(2), eval_dt timestamp(3),
    total_score_qty numeric(5, 2), time_score_qty smallint, kind_score_qty smallint,
    install_score_qty smallint, explain_score_qty smallint, recommend_score_qty smallint,
    complete_yn char(1), claim_yn char(1), eval_memo text, insrt_dt timestamp(3) not null,
    updt_dt timestamp(3) not null, _extracted_at timestamptz not null, _deleted_at timestamptz
);
insert into lv0.r_shipping_evaluation values
(1, 'SH2 ', 'HI2001010001', 'C1', 'T', 'S', '2020-02-10 08:00', 4.25, 5, 0, 4, 3, 0, 'Y', 'N', null, '2020-02-10 08:00', '2020-02-10', '2026-01-01 00:00+00', null);

create table lv0.r_service_evaluation (
    eval_seq bigint primary key, recept_no varchar(20), order_no varchar(20), cust_no varchar(13),
    eval_method_cd char(4), eval_grade_cd char(2), eval_dt timestamp(3),
    total_score_qty numeric(5, 2), time_score_qty smallint, kind_score_qty smallint,
    skill_score_qty smallint, clean_score_qty smallint, recommend_score_qty smallint,
    resolved_yn char(1), complete_yn char(1), claim_yn char(1), eval_memo text,
    insrt_dt timestamp(3) not null, updt_dt timestamp(3) not null,
    _extracted_at timestamptz not null, _deleted_at timestamptz
);
insert into lv0.r_service_evaluation values
(1, 'SR9', 'K22001010003', 'C2', null, 'F', '1900-01-01', null, null, null, null, null, null, '', 'N', '', '', '2020-02-10 08:00', '2020-02-10', '2026-01-01 00:00+00', null);

create table lv0.r_prod_symptom_hdr (
    symptom_hdr_cd varchar(10) primary key, symptom_hdr_nm varchar(100), goods_grp_cd varchar(10),
    use_yn char(1), _extracted_at timestamptz not null, _deleted_at timestamptz
);
insert into lv0.r_prod_symptom_hdr values
('H1', '소음 ', 'X9', 'Y', '2026-01-01 00:00+00', null);

create table lv0.r_prod_symptom_dtl (
    symptom_dtl_cd varchar(10) primary key, symptom_hdr_cd varchar(10),
    symptom_dtl_nm varchar(100), use_yn char(1), _extracted_at timestamptz not null,
    _deleted_at timestamptz
);
insert into lv0.r_prod_symptom_dtl values
('D1', 'h1', '작동  이상', 'Y', '2026-01-01 00:00+00', null);

create table lv0.r_prod_symptom_sml (
    symptom_sml_cd varchar(10) primary key, symptom_dtl_cd varchar(10),
    symptom_sml_nm varchar(100), repair_min_qty integer, use_yn char(1),
    _extracted_at timestamptz not null, _deleted_at timestamptz
);
insert into lv0.r_prod_symptom_sml values
('L1', 'D1', '설치 직후', 30, 'N', '2026-01-01 00:00+00', null);

create table lv0.r_call_group (
    call_grp_cd varchar(10) primary key, call_grp_nm varchar(50), upper_call_grp_cd varchar(10),
    call_kind_cd char(2), agent_qty smallint, open_tm time(0), close_tm time(0), use_yn char(1),
    insrt_dt timestamp(3) not null, updt_dt timestamp(3) not null,
    _extracted_at timestamptz not null, _deleted_at timestamptz
);
insert into lv0.r_call_group values
('CG001', '접수 1팀', '', 'I', 12, '09:00', '18:00', 'Y', '2020-01-01', '2020-01-01', '2026-01-01 00:00+00', null);

create table lv0.r_install_fee (
    goods_grp_cd varchar(10), install_type_cd char(4), start_dt timestamp(3), end_dt timestamp(3),
    fee_amt numeric(19, 4), ladder_amt numeric(19, 4), island_amt numeric(19, 4),
    holiday_rate numeric(5, 2), use_yn char(1), insrt_dt timestamp(3) not null,
    updt_dt timestamp(3) not null, _extracted_at timestamptz not null, _deleted_at timestamptz,
    primary key (goods_grp_cd, install_type_cd, start_dt)
);
insert into lv0.r_install_fee values
('C1', 'N1', '2016-01-01', '2999-12-31', 50000, null, null, 50, 'Y', '2020-01-01', '2020-01-01', '2026-01-01 00:00+00', null);
