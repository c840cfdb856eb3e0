-- Schema `dbo` of the sample ERP's database UNIERP5: the code lists that RENTAL refers to.
create schema dbo;

-- B_MAJOR: one row per code list.
create table dbo.b_major (
    major_cd char(5) not null,
    major_nm varchar(50) not null,
    minor_len smallint not null,
    type char(1),
    insrt_user_id varchar(13) not null,
    insrt_dt timestamp(3) not null,
    updt_user_id varchar(13) not null,
    updt_dt timestamp(3) not null,
    constraint pk_b_major primary key (major_cd)
);

-- B_MINOR: one row per code of a list. minor_type: S set by the system, U by a user.
create table dbo.b_minor (
    major_cd char(5) not null,
    minor_cd char(10) not null,
    minor_nm varchar(50) not null,
    minor_type char(1),
    insrt_user_id varchar(13) not null,
    insrt_dt timestamp(3) not null,
    updt_user_id varchar(13) not null,
    updt_dt timestamp(3) not null,
    constraint pk_b_minor primary key (major_cd, minor_cd)
);

-- B_SALE_ORG: the organisation that sells, a tree. upper_sales_org is '' at its top.
create table dbo.b_sale_org (
    sales_org char(4) not null,
    sales_org_nm varchar(50) not null,
    sales_org_full_nm varchar(120),
    sales_org_eng_nm varchar(50),
    lvl smallint,
    end_org_flag char(1),
    upper_sales_org char(4),
    head_usr_id varchar(13),
    usage_flag char(1),
    valid_from_dt timestamp(3),
    valid_to_dt timestamp(3),
    insrt_user_id varchar(13) not null,
    insrt_dt timestamp(3) not null,
    updt_user_id varchar(13) not null,
    updt_dt timestamp(3) not null,
    constraint pk_b_sale_org primary key (sales_org)
);

-- B_SALES_GRP: the groups of B_SALE_ORG that sell. Their codes are those of list S0001.
create table dbo.b_sales_grp (
    sales_grp char(4) not null,
    sales_grp_nm varchar(50) not null,
    sales_grp_full_nm varchar(120),
    sales_grp_eng_nm varchar(50),
    sales_org char(4),
    cost_cd varchar(10),
    biz_area varchar(10),
    head_usr_id varchar(13),
    usage_flag char(1),
    valid_from_dt timestamp(3),
    valid_to_dt timestamp(3),
    insrt_user_id varchar(13) not null,
    insrt_dt timestamp(3) not null,
    updt_user_id varchar(13) not null,
    updt_dt timestamp(3) not null,
    constraint pk_b_sales_grp primary key (sales_grp)
);

-- B_ITEM_GROUP: the groups of what is bought and sold, a tree. The leaves that RENTAL sells have
-- the codes of list R0008.
create table dbo.b_item_group (
    item_group_cd char(10) not null,
    item_group_nm varchar(50) not null,
    item_group_full_nm varchar(120),
    item_group_eng_nm varchar(50),
    upper_item_group_cd char(10),
    lvl smallint,
    leaf_flg char(1),
    item_acct_cd char(2),
    usage_flag char(1),
    valid_from_dt timestamp(3),
    valid_to_dt timestamp(3),
    insrt_user_id varchar(13) not null,
    insrt_dt timestamp(3) not null,
    updt_user_id varchar(13) not null,
    updt_dt timestamp(3) not null,
    constraint pk_b_item_group primary key (item_group_cd)
);
