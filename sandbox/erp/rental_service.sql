-- Shipping, evaluations, and the lists of symptoms, call groups and fees of database RENTAL.

-- R_SHIPPING_INFO: one delivery, exchange, move or collection of an article.
-- ship_type_cd: R0101, ship_status_cd: R0009, delay_reason_cd: R0102.
create table dbo.r_shipping_info (
    ship_no varchar(20) not null,
    order_no varchar(20),
    recept_no varchar(20),
    cust_no varchar(13),
    goods_cd varchar(18),
    goods_serial_no varchar(30),
    ship_type_cd char(4),
    ship_status_cd varchar(10),
    delay_reason_cd varchar(10),
    ship_qty smallint,
    ship_req_dt timestamp(3),
    ship_hope_dt date,
    ship_hope_tm time(0),
    ship_dt timestamp(3),
    ship_complete_dt timestamp(3),
    center_cd char(4),
    team_cd varchar(10),
    driver_id varchar(13),
    driver_nm varchar(50),
    recv_nm varchar(50),
    recv_tel_no varchar(40),
    recv_hand_tel_no varchar(40),
    zip_cd char(6),
    addr1 varchar(200),
    addr2 varchar(200),
    floor_qty smallint,
    elevator_yn char(1),
    ladder_yn char(1),
    ladder_amt numeric(19, 4),
    ship_amt numeric(19, 4),
    distance_qty double precision,
    ship_memo text,
    delay_memo varchar(500),
    invoice_no varchar(30),
    sign_doc bytea,
    cancel_yn char(1),
    insrt_user_id varchar(13) not null,
    insrt_dt timestamp(3) not null,
    updt_user_id varchar(13) not null,
    updt_dt timestamp(3) not null,
    constraint pk_r_shipping_info primary key (ship_no)
);

create index ix_r_shipping_info_updt_dt on dbo.r_shipping_info (updt_dt);

-- R_SHIPPING_EVALUATION: what a customer said about a shipping, score by score: 1 (bad) to 5, 0 for
-- no answer; recommend_score_qty is 0 (never) to 10. eval_grade_cd: R0103, eval_method_cd: R0104.
create table dbo.r_shipping_evaluation (
    eval_seq bigint not null,
    ship_no varchar(20),
    order_no varchar(20),
    cust_no varchar(13),
    eval_method_cd char(4),
    eval_grade_cd char(2),
    eval_dt timestamp(3),
    eval_user_id varchar(13),
    eval_user_nm varchar(50),
    driver_id varchar(13),
    driver_nm varchar(50),
    total_score_qty numeric(5, 2),
    time_score_qty smallint,
    kind_score_qty smallint,
    install_score_qty smallint,
    explain_score_qty smallint,
    recommend_score_qty smallint,
    call_qty smallint,
    complete_yn char(1),
    claim_yn char(1),
    eval_memo text,
    next_call_dt timestamp(3),
    insrt_user_id varchar(13) not null,
    insrt_dt timestamp(3) not null,
    updt_user_id varchar(13) not null,
    updt_dt timestamp(3) not null,
    constraint pk_r_shipping_evaluation primary key (eval_seq)
);

create index ix_r_shipping_evaluation_updt_dt on dbo.r_shipping_evaluation (updt_dt);

-- R_SERVICE_EVALUATION: the same about a visit of a technician, with its codes and scores.
create table dbo.r_service_evaluation (
    eval_seq bigint not null,
    recept_no varchar(20),
    order_no varchar(20),
    cust_no varchar(13),
    eval_method_cd char(4),
    eval_grade_cd char(2),
    eval_dt timestamp(3),
    eval_user_id varchar(13),
    eval_user_nm varchar(50),
    visit_user_id varchar(13),
    visit_user_nm varchar(50),
    total_score_qty numeric(5, 2),
    time_score_qty smallint,
    kind_score_qty smallint,
    skill_score_qty smallint,
    clean_score_qty smallint,
    recommend_score_qty smallint,
    call_qty smallint,
    resolved_yn char(1),
    complete_yn char(1),
    claim_yn char(1),
    eval_memo text,
    next_call_dt timestamp(3),
    insrt_user_id varchar(13) not null,
    insrt_dt timestamp(3) not null,
    updt_user_id varchar(13) not null,
    updt_dt timestamp(3) not null,
    constraint pk_r_service_evaluation primary key (eval_seq)
);

create index ix_r_service_evaluation_updt_dt on dbo.r_service_evaluation (updt_dt);

-- R_PROD_SYMPTOM_HDR, _DTL, _SML: three levels of symptoms; each code is unique in its level and
-- names its parent. goods_grp_cd: R0008.
create table dbo.r_prod_symptom_hdr (
    symptom_hdr_cd varchar(10) not null,
    symptom_hdr_nm varchar(100),
    goods_grp_cd varchar(10),
    use_yn char(1),
    disp_seq integer,
    remark varchar(500),
    insrt_user_id varchar(13) not null,
    insrt_dt timestamp(3) not null,
    updt_user_id varchar(13) not null,
    updt_dt timestamp(3) not null,
    constraint pk_r_prod_symptom_hdr primary key (symptom_hdr_cd)
);

create table dbo.r_prod_symptom_dtl (
    symptom_dtl_cd varchar(10) not null,
    symptom_hdr_cd varchar(10),
    symptom_dtl_nm varchar(100),
    use_yn char(1),
    disp_seq integer,
    remark varchar(500),
    insrt_user_id varchar(13) not null,
    insrt_dt timestamp(3) not null,
    updt_user_id varchar(13) not null,
    updt_dt timestamp(3) not null,
    constraint pk_r_prod_symptom_dtl primary key (symptom_dtl_cd)
);

create table dbo.r_prod_symptom_sml (
    symptom_sml_cd varchar(10) not null,
    symptom_dtl_cd varchar(10),
    symptom_sml_nm varchar(100),
    repair_min_qty integer,
    use_yn char(1),
    disp_seq integer,
    remark varchar(500),
    insrt_user_id varchar(13) not null,
    insrt_dt timestamp(3) not null,
    updt_user_id varchar(13) not null,
    updt_dt timestamp(3) not null,
    constraint pk_r_prod_symptom_sml primary key (symptom_sml_cd)
);

-- R_CALL_GROUP: who takes which calls. call_kind_cd: R0106.
create table dbo.r_call_group (
    call_grp_cd varchar(10) not null,
    call_grp_nm varchar(50),
    upper_call_grp_cd varchar(10),
    call_kind_cd char(2),
    center_cd char(4),
    rep_tel_no varchar(40),
    agent_qty smallint,
    open_tm time(0),
    close_tm time(0),
    use_yn char(1),
    disp_seq integer,
    remark varchar(500),
    insrt_user_id varchar(13) not null,
    insrt_dt timestamp(3) not null,
    updt_user_id varchar(13) not null,
    updt_dt timestamp(3) not null,
    constraint pk_r_call_group primary key (call_grp_cd)
);

-- R_INSTALL_FEE: what an installation costs, from a day on. goods_grp_cd: R0008,
-- install_type_cd: R0105.
create table dbo.r_install_fee (
    goods_grp_cd varchar(10) not null,
    install_type_cd char(4) not null,
    start_dt timestamp(3) not null,
    end_dt timestamp(3),
    fee_amt numeric(19, 4),
    vat_amt numeric(19, 4),
    ladder_amt numeric(19, 4),
    island_amt numeric(19, 4),
    holiday_rate numeric(5, 2),
    work_min_qty integer,
    use_yn char(1),
    remark varchar(500),
    insrt_user_id varchar(13) not null,
    insrt_dt timestamp(3) not null,
    updt_user_id varchar(13) not null,
    updt_dt timestamp(3) not null,
    constraint pk_r_install_fee primary key (goods_grp_cd, install_type_cd, start_dt)
);
