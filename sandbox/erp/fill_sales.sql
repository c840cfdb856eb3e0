-- UNIERP5's tables of who sells and what is sold: B_SALE_ORG, B_SALES_GRP, B_ITEM_GROUP.
insert into dbo.b_sale_org
select
    sales_org,
    sales_org_nm,
    sales_org_nm,
    sales_org_eng_nm,
    lvl,
    case when lvl = 2 then 'Y' else 'N' end,
    upper_sales_org,
    'U00001',
    usage_flag,
    timestamp '1900-01-01',
    timestamp '2999-12-31',
    'SYSTEM',
    timestamp '2013-12-01 10:00:00',
    'SYSTEM',
    timestamp '2013-12-01 10:00:00'
from (
    values
    ('O1', '렌탈사업부', 'Rental', 1, '', 'Y'),
    ('O11', '직영영업 ', 'Showrooms', 2, 'O1', 'Y'),
    ('O12', '온라인영업', 'Online', 2, 'O1', 'Y'),
    ('O13', '법인영업', 'Corporate', 2, 'O1', 'Y'),
    ('O19', '해외영업', '', 2, 'O1', 'N')
) as orgs (sales_org, sales_org_nm, sales_org_eng_nm, lvl, upper_sales_org, usage_flag);

insert into dbo.b_sales_grp
select
    sales_grp,
    sales_grp_nm,
    sales_grp_nm,
    null,
    sales_org,
    'C' || sales_grp,
    case left(sales_grp, 2) when 'G1' then '수도권' when 'G2' then '영남' else '' end,
    'U000' || right(sales_grp, 2),
    usage_flag,
    timestamp '1900-01-01',
    case usage_flag when 'Y' then timestamp '2999-12-31' else timestamp '2019-12-31' end,
    'SYSTEM',
    timestamp '2013-12-01 10:00:00',
    'SYSTEM',
    timestamp '2013-12-01 10:00:00'
from (
    values
    ('G101', '강남 전시장', 'O11', 'Y'),
    ('G102', '마포 전시장 ', 'O11', 'Y'),
    ('G103', '분당  전시장', 'O11', 'Y'),
    ('G201', '부산 전시장', 'O11', 'Y'),
    ('G202', '대구 전시장', 'O11', 'Y'),
    ('G301', '온라인', 'O12', 'Y'),
    ('G302', '홈쇼핑', 'O12', 'Y'),
    ('G401', '법인영업', 'O13', 'Y'),
    ('G901', '해외 전시장', 'O99', 'N')
) as groups (sales_grp, sales_grp_nm, sales_org, usage_flag);

insert into dbo.b_item_group
select
    item_group_cd,
    item_group_nm,
    item_group_nm,
    null,
    upper_item_group_cd,
    lvl,
    case when lvl = 2 then 'Y' else 'N' end,
    case left(item_group_cd, 1) when 'A' then '30' else '20' end,
    'Y',
    timestamp '1900-01-01',
    timestamp '9999-12-31',
    'SYSTEM',
    timestamp '2013-12-01 10:00:00',
    'SYSTEM',
    timestamp '2013-12-01 10:00:00'
from (
    values
    ('C', '안마의자', '', 1),
    ('C1', '프리미엄 안마의자', 'C', 2),
    ('C2', '안마의자 ', 'C', 2),
    ('C3', '소형 안마의자', 'C', 2),
    ('F', '소형 마사지기', '', 1),
    ('F1', '발마사지기', 'F', 2),
    ('N1', '목마사지기', 'F', 2),
    ('A', '소모품과 부품', null, 1),
    ('A1', '소모품', 'A', 2),
    ('A2', '부품', 'A', 2)
) as groups (item_group_cd, item_group_nm, upper_item_group_cd, lvl);
