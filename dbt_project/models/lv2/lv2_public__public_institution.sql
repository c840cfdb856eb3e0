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

described as (
    select
        institution_key,
        institution_kind,
        institution_no,
        class_code,
        class_name,
        institution_name,
        phone,
        homepage,
        postal_code,
        address1,
        address2,
        longitude,
        latitude,
        is_deleted,
        opened_date
    from institutions
)

select * from described
