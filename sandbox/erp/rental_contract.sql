-- What RENTAL holds about the end and the moves of contracts, about contacts given with an order,
-- and about the ERP's users.

-- R_ORDER_CUST_INFO (26 columns): who is to be reached about an order. One row per order at most.
create table dbo.r_order_cust_info (
    order_no varchar(18) not null,
    cust_no varchar(13),
    cust_nm varchar(50),
    cust_rel_cd char(2),
    tel_no varchar(40),
    hand_tel_no varchar(40),
    email varchar(100),
    zip_cd char(6),
    addr1 varchar(200),
    addr2 varchar(200),
    birth_dt timestamp(3),
    gender_cd char(1),
    biz_no varchar(12),
    biz_nm varchar(100),
    ceo_nm varchar(50),
    job_nm varchar(50),
    contact_tm_cd char(2),
    contact_memo text,
    sms_agree_yn char(1),
    email_agree_yn char(1),
    privacy_agree_dt timestamp(3),
    agree_doc_id uuid,
    insrt_user_id varchar(13) not null,
    insrt_dt timestamp(3) not null,
    updt_user_id varchar(13) not null,
    updt_dt timestamp(3) not null,
    constraint pk_r_order_cust_info primary key (order_no)
);

create index ix_r_order_cust_info_updt_dt on dbo.r_order_cust_info (updt_dt);

-- R_CONTRACT_CANCEL_RECEIPT (30 columns): one wish to end a contract.
-- cancel_status_cd: R0201, cancel_reason_cd: R0010, recept_path_cd: R0011, charge_grp_cd: S0001.
create table dbo.r_contract_cancel_receipt (
    cancel_recept_no varchar(20) not null,
    order_no varchar(18),
    cust_no varchar(13),
    recept_dt timestamp(3),
    recept_path_cd varchar(10),
    recept_user_id varchar(13),
    recept_user_nm varchar(50),
    cancel_status_cd char(4),
    cancel_reason_cd varchar(10),
    cancel_memo text,
    tel_no varchar(40),
    charge_grp_cd varchar(10),
    cancel_hope_dt timestamp(3),
    collect_dt timestamp(3),
    complete_dt timestamp(3),
    withdraw_yn char(1),
    withdraw_dt timestamp(3),
    use_month_qty smallint,
    remain_month_qty smallint,
    penalty_amt numeric(19, 4),
    penalty_rate numeric(7, 4),
    unpaid_amt numeric(19, 4),
    refund_amt numeric(19, 4),
    sign_flg char(1),
    sign_doc bytea,
    remark varchar(500),
    insrt_user_id varchar(13) not null,
    insrt_dt timestamp(3) not null,
    updt_user_id varchar(13) not null,
    updt_dt timestamp(3) not null,
    constraint pk_r_contract_cancel_receipt primary key (cancel_recept_no)
);

create index ix_r_contract_cancel_receipt_updt_dt on dbo.r_contract_cancel_receipt (updt_dt);

-- R_CONTRACT_MOVE_RECEIPT (32 columns): one removal of what is rented to another place.
-- move_status_cd: R0202, recept_path_cd: R0011, pay_method_cd: R0007.
create table dbo.r_contract_move_receipt (
    move_recept_no varchar(20) not null,
    order_no varchar(18),
    cust_no varchar(13),
    recept_dt timestamp(3),
    recept_path_cd varchar(10),
    recept_user_id varchar(13),
    recept_user_nm varchar(50),
    move_status_cd char(4),
    from_zip_cd char(6),
    from_addr1 varchar(200),
    from_addr2 varchar(200),
    to_zip_cd char(6),
    to_addr1 varchar(200),
    to_addr2 varchar(200),
    to_tel_no varchar(40),
    to_floor_qty smallint,
    to_elevator_yn char(1),
    to_ladder_yn char(1),
    move_hope_dt date,
    move_hope_tm time(0),
    move_dt timestamp(3),
    complete_dt timestamp(3),
    move_user_id varchar(13),
    move_user_nm varchar(50),
    move_amt numeric(19, 4),
    pay_method_cd char(4),
    pay_yn char(1),
    remark text,
    insrt_user_id varchar(13) not null,
    insrt_dt timestamp(3) not null,
    updt_user_id varchar(13) not null,
    updt_dt timestamp(3) not null,
    constraint pk_r_contract_move_receipt primary key (move_recept_no)
);

create index ix_r_contract_move_receipt_updt_dt on dbo.r_contract_move_receipt (updt_dt);

-- B_USER and B_DEPT: what V_ERP_USER shows of the ERP's users.
create table dbo.b_dept (
    dept_cd varchar(10) not null,
    dept_nm varchar(50) not null,
    insrt_user_id varchar(13) not null,
    insrt_dt timestamp(3) not null,
    updt_user_id varchar(13) not null,
    updt_dt timestamp(3) not null,
    constraint pk_b_dept primary key (dept_cd)
);

create table dbo.b_user (
    usr_id varchar(13) not null,
    usr_nm varchar(50),
    usr_eng_nm varchar(50),
    usr_kind_cd char(2),
    dept_cd varchar(10),
    position_nm varchar(30),
    sales_grp_cd char(4),
    tel_no varchar(40),
    hand_tel_no varchar(40),
    email varchar(100),
    use_yn char(1),
    enter_dt timestamp(3),
    retire_dt timestamp(3),
    password_hash varchar(64),
    insrt_user_id varchar(13) not null,
    insrt_dt timestamp(3) not null,
    updt_user_id varchar(13) not null,
    updt_dt timestamp(3) not null,
    constraint pk_b_user primary key (usr_id)
);

-- V_ERP_USER (18 columns): a user with the name of the department, without the password.
create view dbo.v_erp_user as
select
    u.usr_id,
    u.usr_nm,
    u.usr_eng_nm,
    u.usr_kind_cd,
    u.dept_cd,
    d.dept_nm,
    u.position_nm,
    u.sales_grp_cd,
    u.tel_no,
    u.hand_tel_no,
    u.email,
    u.use_yn,
    u.enter_dt,
    u.retire_dt,
    u.insrt_user_id,
    u.insrt_dt,
    u.updt_user_id,
    u.updt_dt
from dbo.b_user as u
left join dbo.b_dept as d on u.dept_cd = d.dept_cd;
