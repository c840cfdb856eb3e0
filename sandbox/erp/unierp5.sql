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
