-- More of lv0: what is about the end and the moves of contracts, contacts, users, who sells.
create table lv0.r_order_cust_info (
    order_no varchar(18) primary key, cust_no varchar(13), tel_no varchar(40),
    hand_tel_no varchar(40), email varchar(100), zip_cd char(6), addr1 varchar(200),
    addr2 varchar(200), insrt_dt timestamp(3) not null, updt_dt timestamp(3) not null,
    _extracted_at timestamptz not null, _deleted_at timestamptz
);
insert into lv0.r_order_cust_info values
('HI2001010001', 'C1', ' ', '010-0000-0009', 'other@example.com', null, null, null, '2020-01-01', '2020-01-01', '2026-01-01 00:00+00', null),
('K22001010003', ' c2 ', '02-0000-0002', '010-0000-0009', null, '48094', '부산  보기로 2', null, '2020-01-01', '2020-01-01', '2026-01-01 00:00+00', null);

create table lv0.r_contract_cancel_receipt (
    cancel_recept_no varchar(20) primary key, order_no varchar(18), cust_no varchar(13),
    recept_dt timestamp(3), cancel_status_cd char(4), cancel_reason_cd varchar(10),
    cancel_memo text, tel_no varchar(40), charge_grp_cd varchar(10), cancel_hope_dt timestamp(3),
    collect_dt timestamp(3), complete_dt timestamp(3), withdraw_yn char(1),
    penalty_amt numeric(19, 4), refund_amt numeric(19, 4), insrt_dt timestamp(3) not null,
    updt_dt timestamp(3) not null, _extracted_at timestamptz not null, _deleted_at timestamptz
);
insert into lv0.r_contract_cancel_receipt values
('CR1', ' hi2001010001', 'C1 ', '2020-03-01 08:00', '10', '02', E' 이사\n예정 ', '', 'G101', '2020-03-31', '2999-12-31', null, 'N', 100000, 0.5, '2020-03-01 08:00', '2020-03-01', '2026-01-01 00:00+00', null),
('CR2', 'HI9999999999', 'C9', null, 'X1', null, '', null, null, '1900-01-01', null, null, '', null, null, '2020-03-01 08:00', '2020-03-01', '2026-01-01 00:00+00', '2026-01-01 00:00+00');

create table lv0.r_contract_move_receipt (
    move_recept_no varchar(20) primary key, order_no varchar(18), cust_no varchar(13),
    recept_dt timestamp(3), move_status_cd char(4), from_zip_cd char(6), from_addr1 varchar(200),
    from_addr2 varchar(200), to_zip_cd char(6), to_addr1 varchar(200), to_addr2 varchar(200),
    to_tel_no varchar(40), move_hope_dt date, move_dt timestamp(3), complete_dt timestamp(3),
    move_amt numeric(19, 4), pay_yn char(1), remark text, insrt_dt timestamp(3) not null,
    updt_dt timestamp(3) not null, _extracted_at timestamptz not null, _deleted_at timestamptz
);
insert into lv0.r_contract_move_receipt values
('MR1', 'HI2001010001', 'C1', '2020-03-01 08:00', '40', '06236', '서울  강남구 견본로 1', '', '48094', '부산 해운대구 보기로 2', '101동', '010-0000-0001', '2020-04-01', '2020-04-02 09:00', '1900-01-01', 50000, 'Y', null, '2020-03-01 08:00', '2020-03-01', '2026-01-01 00:00+00', null),
('MR2', null, null, null, 'X2', null, null, null, null, null, null, null, null, null, null, null, null, null, '2020-03-01 08:00', '2020-03-01', '2026-01-01 00:00+00', null);

create table lv0.v_erp_user (
    usr_id varchar(13) primary key, usr_nm varchar(50), dept_cd varchar(10), dept_nm varchar(50),
    position_nm varchar(30), sales_grp_cd char(4), tel_no varchar(40), hand_tel_no varchar(40),
    email varchar(100), use_yn char(1), enter_dt timestamp(3), retire_dt timestamp(3),
    insrt_dt timestamp(3) not null, updt_dt timestamp(3) not null,
    _extracted_at timestamptz not null, _deleted_at timestamptz
);
insert into lv0.v_erp_user values
('U00001', '견본라', 'D001', '경영지원', '사원', 'G101', null, null, null, 'Y', '2014-01-01', '2999-12-31', '2014-01-01', '2014-01-01', '2026-01-01 00:00+00', null);

create table lv0.b_sale_org (
    sales_org char(4) primary key, sales_org_nm varchar(50), lvl smallint, end_org_flag char(1),
    upper_sales_org char(4), usage_flag char(1), insrt_dt timestamp(3) not null,
    updt_dt timestamp(3) not null, _extracted_at timestamptz not null, _deleted_at timestamptz
);
insert into lv0.b_sale_org values
('O1', '렌탈사업부', 1, 'N', '', 'Y', '2014-01-01', '2014-01-01', '2026-01-01 00:00+00', null),
('O11', '직영영업 ', 2, 'Y', 'O1', 'Y', '2014-01-01', '2014-01-01', '2026-01-01 00:00+00', null);

create table lv0.b_sales_grp (
    sales_grp char(4) primary key, sales_grp_nm varchar(50), sales_org char(4), cost_cd varchar(10),
    usage_flag char(1), valid_from_dt timestamp(3), valid_to_dt timestamp(3),
    insrt_dt timestamp(3) not null, updt_dt timestamp(3) not null,
    _extracted_at timestamptz not null, _deleted_at timestamptz
);
insert into lv0.b_sales_grp values
('G101', '강남 전시장', 'O11', 'CG101', 'Y', '1900-01-01', '2999-12-31', '2014-01-01', '2014-01-01', '2026-01-01 00:00+00', null);

create table lv0.b_item_group (
    item_group_cd char(10) primary key, item_group_nm varchar(50), upper_item_group_cd char(10),
    lvl smallint, leaf_flg char(1), usage_flag char(1), insrt_dt timestamp(3) not null,
    updt_dt timestamp(3) not null, _extracted_at timestamptz not null, _deleted_at timestamptz
);
insert into lv0.b_item_group values
('C', '안마의자', '', 1, 'N', 'Y', '2014-01-01', '2014-01-01', '2026-01-01 00:00+00', null),
('C1', '프리미엄 안마의자', 'C', 2, 'Y', 'Y', '2014-01-01', '2014-01-01', '2026-01-01 00:00+00', null);
