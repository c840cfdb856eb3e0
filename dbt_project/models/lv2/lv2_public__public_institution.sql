{{
    config(
        unique_key='institution_key',
        indexes=[{'columns': ['institution_key'], 'unique': true}],
    )
}}

with

institutions as (
    select * from {{ ref('lv1_public__public_institution') }}
),

address_master as (
    select * from {{ source('address', 'address_master') }}
),

described as (
    select
        institutions.institution_key,
        institutions.institution_kind,
        institutions.institution_no,
        institutions.class_code,
        institutions.class_name,
        institutions.institution_name,
        institutions.phone,
        institutions.homepage,
        institutions.postal_code,
        institutions.address1,
        institutions.address2,
        {{ refined_columns('refined', with_place=false) }},
        -- The list's own place is the institution's door; the search may know the street alone.
        coalesce(institutions.longitude, refined.x::numeric) as longitude,
        coalesce(institutions.latitude, refined.y::numeric) as latitude,
        institutions.is_deleted,
        institutions.opened_date
    from institutions
    {{ refine('refined', 'institutions.address1', 'institutions.address2') }}
)

select * from described
