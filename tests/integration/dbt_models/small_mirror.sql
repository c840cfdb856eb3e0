-- A few rows of lv0 as the extraction leaves them, each with the dirt that a rule of lv1 or lv2 is
-- about. Only the columns that the models read.
create table lv0.b_major (
    major_cd char(5) primary key, major_nm varchar(50), _extracted_at timestamptz not null,
    _deleted_at timestamptz
);
insert into lv0.b_major values
('R0001', '주문상태', '2026-01-01 00:00+00', null),
('R0004', '처리상태', '2026-01-01 00:00+00', null),
('R0009', '배송상태', '2026-01-01 00:00+00', null);

create table lv0.b_minor (
    major_cd char(5), minor_cd char(10), minor_nm varchar(50), _extracted_at timestamptz not null,
    _deleted_at timestamptz, primary key (major_cd, minor_cd)
);
insert into lv0.b_minor values
('R0001', '20', '계약 ', '2026-01-01 00:00+00', null),
('R0001', '60', '렌탈중', '2026-01-01 00:00+00', null),
('R0004', 'C1', '처리완료', '2026-01-01 00:00+00', '2026-01-01 00:00+00'),
('R0009', '3', '배송완료', '2026-01-01 00:00+00', null);

create table lv0.r_goods (
    goods_cd char(18) primary key, goods_nm varchar(100), goods_grp_cd varchar(10),
    model_nm varchar(50), sale_price_amt numeric(19, 4), month_price_amt numeric(19, 4),
    use_yn char(1), insrt_dt timestamp(3) not null, updt_dt timestamp(3) not null,
    _extracted_at timestamptz not null, _deleted_at timestamptz
);
insert into lv0.r_goods values
('G1', '안마의자  구름 ', 'X9', 'MODEL-1', 3990000, 39900, 'Y', '2020-01-01', '2020-01-01', '2026-01-01 00:00+00', null);

create table lv0.v_customer (
    cust_no varchar(13) primary key, biz_no varchar(12), cust_nm varchar(50), cust_grade_cd char(2),
    cust_type_cd char(2), tel_no varchar(40), hand_tel_no varchar(40), email varchar(100),
    zip_cd char(6), addr1 varchar(200), addr2 varchar(200), birth_dt timestamp(3),
    mkt_agree_yn char(1), insrt_dt timestamp(3) not null, updt_dt timestamp(3) not null,
    _extracted_at timestamptz not null, _deleted_at timestamptz
);
insert into lv0.v_customer values
('C1', null, ' 견본가 ', 'A', '1', '', '010-0000-0001', ' Chair@Example.com ', '06236', '서울  강남구', '', '1980-05-05', 'Y', '2020-01-01 00:30', '2020-01-01', '2026-01-01 00:00+00', null),
('C2', '', '', null, null, null, '010-0000-0002', '없음', null, null, null, '1900-01-01', '', '2020-01-01', '2020-01-01', '2026-01-01 00:00+00', null),
('C3', null, '견본다', null, null, null, null, null, null, null, null, null, 'N', '2020-01-01', '2020-01-01', '2026-01-01 00:00+00', null),
('C4', '000-00-00004', '견본라', 'E', '3', null, null, null, null, null, null, null, 'N', '2020-01-01', '2020-01-01', '2026-01-01 00:00+00', null),
('C5', '000-00-00004', '견본라', 'A', '3', null, null, null, null, null, null, null, 'N', '2019-01-01', '2020-01-01', '2026-01-01 00:00+00', null);

create table lv0.r_order_contract (
    order_no varchar(18) primary key, cust_no varchar(13), goods_cd char(18),
    order_status_cd char(4), order_type_cd char(4), sales_grp_cd varchar(10),
    cont_dt timestamp(3), cont_start_dt timestamp(3), cont_end_dt timestamp(3),
    month_amt numeric(19, 4), total_amt numeric(19, 4), rental_month_qty smallint,
    install_dt timestamp(3), cancel_yn char(1), remark text, happy_call_memo text,
    insrt_dt timestamp(3) not null, updt_dt timestamp(3) not null,
    _extracted_at timestamptz not null, _deleted_at timestamptz
);
insert into lv0.r_order_contract values
('HI2001010001', ' c1 ', 'G1', '60', 'R1', null, '2020-01-01', '2020-01-02', '9999-12-31', 39900.5, 2394030, 60, '2020-01-03 23:30', 'N', E' 메모\n둘째 줄 ', null, '2020-01-01 08:00', '2020-01-01', '2026-01-01 00:00+00', null),
('022001010002', 'C9', 'G9', '99', null, null, null, '1900-01-01', '2999-12-31', null, null, null, null, '', '', null, '2020-01-01 08:00', '2020-01-01', '2026-01-01 00:00+00', null),
('K22001010003', 'C2', 'G1', '20', null, null, '2020-01-01', null, null, 19900, null, null, null, 'N', null, null, '2020-01-01 08:00', '2020-01-01', '2026-01-01 00:00+00', null),
('ON2001010004', 'C3', 'G1', '20', null, null, '2020-01-01', null, null, 19900, null, null, null, 'N', null, null, '2020-01-01 08:00', '2020-01-01', '2026-01-01 00:00+00', null),
('822001010005', 'C1', 'G1', '20', null, null, '2020-01-01', null, null, 19900, null, null, null, 'Y', null, null, '2020-01-01 08:00', '2020-01-01', '2026-01-01 00:00+00', '2026-01-01 00:00+00');

create table lv0.r_order_contract_add (
    order_no varchar(18) primary key, install_tel_no varchar(40), install_zip_cd char(6),
    install_addr1 varchar(200), install_addr2 varchar(200), pay_method_cd char(4),
    pay_day_qty smallint, insrt_dt timestamp(3) not null, updt_dt timestamp(3) not null,
    _extracted_at timestamptz not null, _deleted_at timestamptz
);
insert into lv0.r_order_contract_add values
('HI2001010001', '02-0000-0001', '06236', '서울 강남구 견본로 1', '101동', 'P1', 25, '2020-01-01', '2020-01-01', '2026-01-01 00:00+00', null),
('K22001010003', null, null, '부산 보기로 2', null, 'P1', 5, '2020-01-01', '2020-01-01', '2026-01-01 00:00+00', null),
('ON9999999999', null, null, '주문 없음', null, 'P1', 5, '2020-01-01', '2020-01-01', '2026-01-01 00:00+00', null);

create table lv0.r_service_receipt (
    recept_no varchar(20) primary key, order_no varchar(18), cust_no varchar(13),
    goods_cd varchar(18), svc_type_cd char(4), svc_status_cd char(4), recept_dt timestamp(3),
    visit_dt timestamp(3), complete_dt timestamp(3), recept_memo text, svc_amt numeric(19, 4),
    dec_tel_no varchar, dec_hand_tel_no varchar, symptom_hdr_cd varchar(10),
    symptom_dtl_cd varchar(10), symptom_sml_cd varchar(10), insrt_dt timestamp(3) not null,
    updt_dt timestamp(3) not null, _extracted_at timestamptz not null, _deleted_at timestamptz
);
insert into lv0.r_service_receipt values
('SR1', 'HI2001010001', 'C1', 'G1 ', 'AS', 'C1', '2020-02-01 09:00', '2020-02-02 10:00', '1900-01-01', E'소음\n\\N', 1000, '', '010-0000-0001', 'H1', 'd1 ', '', '2020-02-01 09:00', '2020-02-01', '2026-01-01 00:00+00', null),
('SR2', 'HI9999999999', 'C1', 'G1', 'AS', 'X9', '2020-02-01 09:00', null, null, ' ', null, null, null, 'H8', 'D1', 'L1', '2020-02-01 09:00', '2020-02-01', '2026-01-01 00:00+00', null),
('SR3', 'K22001010003', 'C2', 'G1', 'AS', 'C1', '2020-02-01 09:00', null, null, null, null, null, null, null, null, null, '2020-02-01 09:00', '2020-02-01', '2026-01-01 00:00+00', null);

-- What the address search answered: the first customer's address, and one that it doesn't know.
create table lv1.address_master (
    raw_address text primary key, accuracy numeric(4, 3), road_address boolean, address_name text,
    region_1depth_name text, region_2depth_name text, region_3depth_name text,
    region_3depth_h_name text, building_name text, zone_no text, x double precision,
    y double precision, building_dong text, building_ho text, asked_at timestamptz not null,
    _extracted_at timestamptz not null
);
insert into lv1.address_master values
('서울 강남구', 1, false, '서울 강남구', '서울', '강남구', null, null, null, null, 127.0365123456, 37.5006, null, null, '2026-01-01 00:00+00', '2026-01-01 00:00+00'),
('서울 강남구 견본로 1', null, null, null, null, null, null, null, null, null, null, null, null, null, '2026-01-01 00:00+00', '2026-01-01 00:00+00');
