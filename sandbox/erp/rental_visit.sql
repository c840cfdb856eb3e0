-- Schema `dbo` of RENTAL, continued: promotions, the homepage, reservations of a trial, visits to the
-- sales lounges, and four tables that are mirrored only. Code lists as in rental.sql.

-- R_PROMOTION: campaigns that contracts refer to. promotion_type_cd: R0301, goods_grp_cd: R0008.
create table dbo.r_promotion (
    promotion_cd varchar(20) not null,
    promotion_nm varchar(100),
    promotion_type_cd char(4),
    goods_grp_cd varchar(10),
    order_type_cd char(4),
    sales_grp_cd varchar(10),
    discount_amt numeric(19, 4),
    discount_rate numeric(5, 2),
    free_month_qty smallint,
    gift_cd varchar(20),
    gift_nm varchar(100),
    gift_qty smallint,
    target_qty integer,
    budget_amt numeric(19, 4),
    start_dt timestamp(3),
    end_dt timestamp(3),
    combine_yn char(1),
    use_yn char(1),
    approve_user_id varchar(13),
    approve_dt timestamp(3),
    disp_seq integer,
    banner_doc bytea,
    remark varchar(500),
    insrt_user_id varchar(13) not null,
    insrt_dt timestamp(3) not null,
    updt_user_id varchar(13) not null,
    updt_dt timestamp(3) not null,
    constraint pk_r_promotion primary key (promotion_cd)
);

-- R_EXPERIENCE_RESERVATION (31 columns): one trial that somebody reserved. order_no is the
-- reservation's own number; the contract that may come of it is contract_order_no.
-- sales_channel: R0011, sales_grp: S0001, visit_status: R0302, route_cd: R0303, input_type: R0304.
create table dbo.r_experience_reservation (
    order_no varchar(18) not null,
    seq integer not null,
    cust_nm varchar(50),
    sales_channel varchar(10),
    sales_grp varchar(10),
    visit_dt timestamp(3),
    visit_num smallint,
    tel_no varchar(40),
    tel_no2 varchar(40),
    goods_cd char(18),
    goods_nm varchar(100),
    homepage_id varchar(50),
    remark text,
    visit_status char(4),
    visit_complate_date timestamp(3),
    route varchar(100),
    route_cd varchar(10),
    contract_yn char(1),
    contract_date timestamp(3),
    contract_order_no varchar(18),
    mkt_flag char(1),
    mkt_dt timestamp(3),
    insrt_user_id varchar(13) not null,
    insrt_dt timestamp(3) not null,
    updt_user_id varchar(13) not null,
    updt_dt timestamp(3) not null,
    ref_order_no varchar(18),
    recommend_order_no varchar(18),
    input_type char(1),
    massage_point varchar(100),
    massage_exp varchar(100),
    constraint pk_r_experience_reservation primary key (order_no, seq)
);

create index ix_r_experience_reservation_updt_dt on dbo.r_experience_reservation (updt_dt);

-- B_SALES_LOUNGE: the master row behind V_SALES_LOUNGE. lounge_type_cd: R0306, sales_grp_cd: S0001.
create table dbo.b_sales_lounge (
    lounge_cd char(10) not null,
    lounge_nm varchar(100),
    lounge_type_cd char(2),
    sales_grp_cd varchar(10),
    tel_no varchar(40),
    fax_no varchar(40),
    zip_cd char(6),
    addr1 varchar(200),
    addr2 varchar(200),
    map_lat double precision,
    map_lng double precision,
    open_tm time(0),
    close_tm time(0),
    holiday_nm varchar(50),
    parking_yn char(1),
    parking_qty smallint,
    area_qty numeric(9, 3),
    manager_nm varchar(50),
    manager_tel_no varchar(40),
    homepage_url varchar(255),
    open_dt timestamp(3),
    close_dt timestamp(3),
    use_yn char(1),
    disp_seq integer,
    guide_memo text,
    insrt_user_id varchar(13) not null,
    insrt_dt timestamp(3) not null,
    updt_user_id varchar(13) not null,
    updt_dt timestamp(3) not null,
    constraint pk_b_sales_lounge primary key (lounge_cd)
);

-- V_SALES_LOUNGE (28 columns): what the homepage's map shows; unique by lounge_cd.
create view dbo.v_sales_lounge as
select
    lounge_cd,
    lounge_nm,
    lounge_type_cd,
    sales_grp_cd,
    tel_no,
    fax_no,
    zip_cd,
    addr1,
    addr2,
    map_lat,
    map_lng,
    open_tm,
    close_tm,
    holiday_nm,
    parking_yn,
    parking_qty,
    area_qty,
    manager_nm,
    homepage_url,
    open_dt,
    close_dt,
    use_yn,
    disp_seq,
    guide_memo,
    insrt_user_id,
    insrt_dt,
    updt_user_id,
    updt_dt
from dbo.b_sales_lounge;

-- R_EXHIBITION_VISIT_HISTORY: one visit to a sales lounge. The visitor has no number of its own;
-- cust_no is given where the visitor was found to be a customer.
-- visit_status_cd: R0302, visit_route_cd: R0303, visit_purpose_cd: R0305, sales_grp_cd: S0001.
create table dbo.r_exhibition_visit_history (
    visit_no varchar(20) not null,
    visit_seq integer,
    lounge_cd char(10),
    visit_dt timestamp(3),
    visit_tm time(0),
    leave_tm time(0),
    cust_no varchar(13),
    cust_nm varchar(50),
    hand_tel_no varchar(40),
    tel_no varchar(40),
    email varchar(100),
    gender_cd char(1),
    age_grp_cd char(2),
    visit_num smallint,
    visit_status_cd char(4),
    visit_route_cd varchar(10),
    visit_purpose_cd char(4),
    goods_cd char(18),
    goods_cd2 char(18),
    trial_min_qty smallint,
    satisfy_score_qty smallint,
    reserve_order_no varchar(18),
    reserve_seq integer,
    contract_yn char(1),
    contract_order_no varchar(18),
    sales_grp_cd varchar(10),
    sales_user_id varchar(13),
    sales_user_nm varchar(50),
    mkt_agree_yn char(1),
    mkt_agree_dt timestamp(3),
    gift_yn char(1),
    visit_memo text,
    insrt_user_id varchar(13) not null,
    insrt_dt timestamp(3) not null,
    updt_user_id varchar(13) not null,
    updt_dt timestamp(3) not null,
    constraint pk_r_exhibition_visit_history primary key (visit_no)
);

create index ix_r_exhibition_visit_history_updt_dt on dbo.r_exhibition_visit_history (updt_dt);

-- R_TRANS_HOMEPAGE: what the homepage handed to the ERP, and how that went. trans_type_cd: R0307.
create table dbo.r_trans_homepage (
    trans_no varchar(20) not null,
    trans_type_cd char(2),
    homepage_id varchar(50),
    order_no varchar(18),
    cust_no varchar(13),
    cust_nm varchar(50),
    hand_tel_no varchar(40),
    email varchar(100),
    zip_cd char(6),
    addr1 varchar(200),
    addr2 varchar(200),
    goods_cd char(18),
    goods_nm varchar(100),
    request_dt timestamp(3),
    trans_dt timestamp(3),
    trans_yn char(1),
    result_cd char(4),
    result_memo varchar(500),
    retry_qty smallint,
    remark text,
    insrt_user_id varchar(13) not null,
    insrt_dt timestamp(3) not null,
    updt_user_id varchar(13) not null,
    updt_dt timestamp(3) not null,
    constraint pk_r_trans_homepage primary key (trans_no)
);

create index ix_r_trans_homepage_updt_dt on dbo.r_trans_homepage (updt_dt);

-- R_ACQ_INTRO: whom a customer has introduced.
create table dbo.r_acq_intro (
    intro_seq integer not null,
    intro_cust_no varchar(13),
    intro_cust_nm varchar(50),
    acq_nm varchar(50),
    acq_tel_no varchar(40),
    acq_order_no varchar(18),
    relation_cd char(2),
    reward_amt numeric(19, 4),
    reward_yn char(1),
    intro_dt timestamp(3),
    remark varchar(500),
    insrt_user_id varchar(13) not null,
    insrt_dt timestamp(3) not null,
    updt_user_id varchar(13) not null,
    updt_dt timestamp(3) not null,
    constraint pk_r_acq_intro primary key (intro_seq)
);

create index ix_r_acq_intro_updt_dt on dbo.r_acq_intro (updt_dt);

-- R_BIZ_MSG_TEMPLATE: the messages that customers get. sender_key opens the provider's door.
create table dbo.r_biz_msg_template (
    template_cd varchar(30) not null,
    template_nm varchar(100),
    msg_type_cd char(2),
    title_nm varchar(100),
    body_memo text,
    button_memo text,
    sender_key varchar(64),
    resend_yn char(1),
    use_yn char(1),
    insrt_user_id varchar(13) not null,
    insrt_dt timestamp(3) not null,
    updt_user_id varchar(13) not null,
    updt_dt timestamp(3) not null,
    constraint pk_r_biz_msg_template primary key (template_cd)
);

-- R_CRM_INFO: which team looks after a postal area.
create table dbo.r_crm_info (
    zip_seq integer not null,
    zip_cd char(6),
    sido_nm varchar(50),
    sigungu_nm varchar(50),
    dong_nm varchar(50),
    center_cd char(4),
    team_cd varchar(10),
    charge_user_id varchar(13),
    visit_day_qty smallint,
    use_yn char(1),
    insrt_user_id varchar(13) not null,
    insrt_dt timestamp(3) not null,
    updt_user_id varchar(13) not null,
    updt_dt timestamp(3) not null,
    constraint pk_r_crm_info primary key (zip_seq)
);

create index ix_r_crm_info_updt_dt on dbo.r_crm_info (updt_dt);

-- R_HOME_CARE: the master row behind V_HOME_CARE.
create table dbo.r_home_care (
    care_no varchar(20) not null,
    order_no varchar(18),
    cust_no varchar(13),
    cust_nm varchar(50),
    hand_tel_no varchar(40),
    care_type_cd char(2),
    care_status_cd char(2),
    cont_dt timestamp(3),
    care_start_dt timestamp(3),
    care_end_dt timestamp(3),
    month_amt numeric(19, 4),
    remark varchar(500),
    insrt_user_id varchar(13) not null,
    insrt_dt timestamp(3) not null,
    updt_user_id varchar(13) not null,
    updt_dt timestamp(3) not null,
    constraint pk_r_home_care primary key (care_no)
);

-- V_HOME_CARE (12 columns): care contracts, unique by care_no. It shows no time of change.
create view dbo.v_home_care as
select
    care_no,
    order_no,
    cust_no,
    cust_nm,
    hand_tel_no,
    care_type_cd,
    care_status_cd,
    cont_dt,
    care_start_dt,
    care_end_dt,
    month_amt,
    remark
from dbo.r_home_care;
