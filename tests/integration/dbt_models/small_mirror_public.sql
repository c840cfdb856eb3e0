create table lv0.hospital (
    ykiho text primary key, yadmnm text, clcd text, clcdnm text, sidocdnm text, sggucdnm text,
    postno text, addr text, telno text, hospurl text, estbdd text, drtotcnt text, xpos text,
    ypos text, _extracted_at timestamptz not null, _deleted_at timestamptz
);
insert into lv0.hospital values
('aB1=', '가람병원', '21', '병원', '서울', '강남구', '06236', '서울 강남구 견본로 1', '02-0000-0001', null, '19941101', '3', '127.0276194', '37.49', '2026-01-01 00:00+00', null),
('ab1=', '나래의원', '31', '의원', '서울', '강남구', '06236', '서울 강남구 견본로 2', '', null, '20230230', '', '', 'x', '2026-01-01 00:00+00', null);

create table lv0.school (
    sd_schul_code text primary key, atpt_ofcdc_sc_code text, schul_nm text, schul_knd_sc_nm text,
    lctn_sc_nm text, org_rdnzc text, org_rdnma text, org_rdnda text, org_telno text,
    hmpg_adres text, fond_ymd text, _extracted_at timestamptz not null, _deleted_at timestamptz
);

create table lv0.town_hall (
    agency_code text primary key, province text, district text, town text, postal_code text,
    address text, phone text, _extracted_at timestamptz not null, _deleted_at timestamptz
);
insert into lv0.town_hall values
('1111053000', '서울특별시', '종로구', '사직동', '03030', '서울 종로구 보기로 3', '02-0000-0003', '2026-01-01 00:00+00', '2026-01-01 00:00+00');

create table lv0.welfare_center (
    cntrid text primary key, cntrnm text, cntrty text, rdnmadr text, zipcode text, phonenumber text,
    homepageurl text, opendate date, longitude numeric(9, 6), latitude numeric(9, 6),
    _extracted_at timestamptz not null, _deleted_at timestamptz
);

create table lv0.care_center (
    longtermadminsym text primary key, adminnm text, adminpttncd text, location_zipno text,
    location_addr text, telno text, longtermperibrgtdt text, _extracted_at timestamptz not null,
    _deleted_at timestamptz
);
