{{
    config(
        unique_key='institution_key',
        difference_deletes=true,
        on_schema_change='sync_all_columns',
    )
}}

with

hospitals as (
    select * from {{ source('public_data', 'hospital') }}
),

schools as (
    select * from {{ source('public_data', 'school') }}
),

town_halls as (
    select * from {{ source('public_data', 'town_hall') }}
),

welfare_centers as (
    select * from {{ source('public_data', 'welfare_center') }}
),

care_centers as (
    select * from {{ source('public_data', 'care_center') }}
),

united as (
    select
        'hospital' as institution_kind,
        ykiho as institution_no,
        clcd as class_code,
        clcdnm as class_name,
        yadmnm as institution_name,
        telno as phone,
        hospurl as homepage,
        postno as postal_code,
        addr as address1,
        null as address2,
        {{ coordinate('xpos') }} as longitude,
        {{ coordinate('ypos') }} as latitude,
        {{ digits_date('estbdd') }} as opened_date,
        _deleted_at,
        _extracted_at
    from hospitals

    union all

    select
        'school' as institution_kind,
        sd_schul_code as institution_no,
        null as class_code,
        schul_knd_sc_nm as class_name,
        schul_nm as institution_name,
        org_telno as phone,
        hmpg_adres as homepage,
        org_rdnzc as postal_code,
        org_rdnma as address1,
        -- The rest of the address begins with a slash.
        ltrim(org_rdnda, '/ ') as address2,
        null as longitude,
        null as latitude,
        {{ digits_date('fond_ymd') }} as opened_date,
        _deleted_at,
        _extracted_at
    from schools

    union all

    select
        'town_hall' as institution_kind,
        agency_code as institution_no,
        null as class_code,
        null as class_name,
        town || ' 주민센터' as institution_name,
        phone,
        null as homepage,
        postal_code,
        address as address1,
        null as address2,
        null as longitude,
        null as latitude,
        null as opened_date,
        _deleted_at,
        _extracted_at
    from town_halls

    union all

    select
        'welfare_center' as institution_kind,
        cntrid as institution_no,
        null as class_code,
        cntrty as class_name,
        cntrnm as institution_name,
        phonenumber as phone,
        homepageurl as homepage,
        zipcode as postal_code,
        rdnmadr as address1,
        null as address2,
        longitude,
        latitude,
        opendate as opened_date,
        _deleted_at,
        _extracted_at
    from welfare_centers

    union all

    select
        'care_center' as institution_kind,
        longtermadminsym as institution_no,
        adminpttncd as class_code,
        null as class_name,
        adminnm as institution_name,
        telno as phone,
        null as homepage,
        location_zipno as postal_code,
        location_addr as address1,
        null as address2,
        null as longitude,
        null as latitude,
        {{ digits_date('longtermperibrgtdt') }} as opened_date,
        _deleted_at,
        _extracted_at
    from care_centers
),

cleaned as (
    select
        -- Two APIs may give the same number; upper and lower case differ in some.
        institution_kind || '-' || btrim(institution_no) as institution_key,
        institution_kind,
        btrim(institution_no) as institution_no,
        {{ clean_code('class_code') }} as class_code,
        {{ clean_text('class_name') }} as class_name,
        {{ clean_text('institution_name') }} as institution_name,
        {{ clean_text('phone') }} as phone,
        {{ clean_text('homepage') }} as homepage,
        {{ clean_text('postal_code') }} as postal_code,
        {{ clean_text('address1') }} as address1,
        {{ clean_text('address2') }} as address2,
        longitude,
        latitude,
        _deleted_at is not null as is_deleted,
        opened_date,
        _extracted_at
    from united
)

select * from cleaned
