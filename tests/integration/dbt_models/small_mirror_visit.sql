-- More of lv0: promotions, reservations, lounges and visits, the homepage.
insert into lv0.b_minor values
('R0302', '10', '예약접수', '2026-01-01 00:00+00', null);

create table lv0.r_promotion (
    promotion_cd varchar(20) primary key, promotion_nm varchar(100), promotion_type_cd char(4),
    goods_grp_cd varchar(10), gift_nm varchar(100), discount_amt numeric(19, 4),
    discount_rate numeric(5, 2), free_month_qty smallint, start_dt timestamp(3),
    end_dt timestamp(3), use_yn char(1), insrt_dt timestamp(3) not null,
    updt_dt timestamp(3) not null, _extracted_at timestamptz not null, _deleted_at timestamptz
);
insert into lv0.r_promotion values
('PM1', ' 봄  할인 ', '10  ', null, null, 50000, 12.5, 2, '2020-01-01', '9999-12-31', 'Y', '2020-01-01', '2020-01-01', '2026-01-01 00:00+00', null),
('PM2', '', '99  ', null, null, null, null, null, null, null, null, '2020-01-01', '2020-01-01', '2026-01-01 00:00+00', '2026-01-01 00:00+00');

alter table lv0.r_order_contract add promotion_cd varchar(20);
update lv0.r_order_contract set promotion_cd = 'PM2' where order_no = 'HI2001010001';
update lv0.r_order_contract set promotion_cd = 'PM9' where order_no = 'K22001010003';

create table lv0.r_experience_reservation (
    order_no varchar(18), seq integer, cust_nm varchar(50), sales_channel varchar(10),
    sales_grp varchar(10), visit_dt timestamp(3), visit_num smallint, tel_no varchar(40),
    tel_no2 varchar(40), goods_cd char(18), homepage_id varchar(50), remark text,
    visit_status char(4), visit_complate_date timestamp(3), route_cd varchar(10),
    contract_yn char(1), contract_date timestamp(3), contract_order_no varchar(18),
    mkt_flag char(1), mkt_dt timestamp(3), ref_order_no varchar(18),
    recommend_order_no varchar(18), input_type char(1), massage_point varchar(100),
    massage_exp varchar(100), insrt_dt timestamp(3) not null, updt_dt timestamp(3) not null,
    _extracted_at timestamptz not null, _deleted_at timestamptz, primary key (order_no, seq)
);
-- One person twice, one who has signed already, and one without a number or a name.
insert into lv0.r_experience_reservation values
('EX1', 1, '견본가', 'W1', null, '2020-01-05 10:00', 2, '010-0000-0001', null, 'G1', null, null, '10', null, '01', 'N', '1900-01-01', '', 'Y', null, '', null, 'H', null, null, '2020-01-01', '2020-01-01', '2026-01-01 00:00+00', null),
('EX1', 2, '견본 가', 'W1', null, '2020-01-06 10:00', 2, '+82 10 0000 0001', null, 'G9', null, '다시', 'X9', null, '99', null, null, null, 'N', null, 'EX1', null, null, null, null, '2020-01-02', '2020-01-02', '2026-01-01 00:00+00', null),
('EX2', 1, '견본나', null, null, null, null, '02-0000-0002', '01000000002', 'G1', null, null, '10', '2020-01-07', null, 'Y', '2020-01-08', 'HI2001010001', null, null, null, null, null, null, null, '2020-01-01', '2020-01-01', '2026-01-01 00:00+00', null),
('EX3', 1, '', null, null, null, null, '없음', '', null, null, null, null, null, null, 'N', null, null, null, null, null, null, null, null, null, '2020-01-01', '2020-01-01', '2026-01-01 00:00+00', null);

create table lv0.v_sales_lounge (
    lounge_cd char(10) primary key, lounge_nm varchar(100), lounge_type_cd char(2),
    sales_grp_cd varchar(10), tel_no varchar(40), zip_cd char(6), addr1 varchar(200),
    addr2 varchar(200), holiday_nm varchar(50), homepage_url varchar(255), guide_memo text,
    map_lat double precision, map_lng double precision, parking_yn char(1), use_yn char(1),
    open_tm time(0), close_tm time(0), open_dt timestamp(3), close_dt timestamp(3),
    insrt_dt timestamp(3) not null, updt_dt timestamp(3) not null,
    _extracted_at timestamptz not null, _deleted_at timestamptz
);
insert into lv0.v_sales_lounge values
('SL1', '강남  라운지', '1', null, '02-0000-0000', '06236', '서울  강남구', '', null, null, null, 37.5000004, 127.0, 'Y', 'Y', '10:00', '19:30', '2020-01-01', '2999-12-31', '2020-01-01', '2020-01-01', '2026-01-01 00:00+00', null);

create table lv0.r_exhibition_visit_history (
    visit_no varchar(20) primary key, lounge_cd char(10), visit_dt timestamp(3),
    cust_no varchar(13), cust_nm varchar(50), hand_tel_no varchar(40), tel_no varchar(40),
    email varchar(100), visit_num smallint, visit_status_cd char(4), visit_route_cd varchar(10),
    visit_purpose_cd char(4), goods_cd char(18), trial_min_qty smallint, contract_yn char(1),
    contract_order_no varchar(18), sales_grp_cd varchar(10), mkt_agree_yn char(1),
    visit_memo text, insrt_dt timestamp(3) not null, updt_dt timestamp(3) not null,
    _extracted_at timestamptz not null, _deleted_at timestamptz
);
insert into lv0.r_exhibition_visit_history values
('EV1', 'SL1', '2020-01-05 10:00', 'C1', '견본가', '01000000001', null, null, 2, '30', '05', null, 'G1', 30, 'N', '', null, 'Y', E'소음\n문의', '2020-01-05', '2020-01-05', '2026-01-01 00:00+00', null),
('EV2', 'SL9', '2020-01-06 10:00', 'C9', '견본가', '010-0000-0001', null, 'Visit@Example.com', 1, 'X9', '', null, 'G9', null, 'Y', 'HI2001010001', null, 'N', null, '2020-01-06', '2020-01-06', '2026-01-01 00:00+00', null);

create table lv0.r_trans_homepage (
    trans_no varchar(20) primary key, trans_type_cd char(2), homepage_id varchar(50),
    order_no varchar(18), cust_no varchar(13), cust_nm varchar(50), hand_tel_no varchar(40),
    email varchar(100), zip_cd char(6), addr1 varchar(200), addr2 varchar(200),
    goods_cd char(18), request_dt timestamp(3), trans_dt timestamp(3), trans_yn char(1),
    result_cd char(4), result_memo varchar(500), retry_qty smallint, remark text,
    insrt_dt timestamp(3) not null, updt_dt timestamp(3) not null,
    _extracted_at timestamptz not null, _deleted_at timestamptz
);
insert into lv0.r_trans_homepage values
('TH1', '1', 'home1', 'HI2001010001', 'C1', '견본가', '010-0000-0001', null, null, null, null, 'G1', '2020-01-01', '2020-01-01', 'Y', 'OK', null, 0, null, '2020-01-01', '2020-01-01', '2026-01-01 00:00+00', null);

-- Mirrored only: their own tests read the keys.
create table lv0.r_acq_intro (intro_seq integer);
create table lv0.r_biz_msg_template (template_cd varchar(30));
create table lv0.r_crm_info (zip_seq integer);
create table lv0.v_home_care (care_no varchar(20));
