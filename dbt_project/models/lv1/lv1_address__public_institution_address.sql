{{
    config(
        unique_key='raw_address',
        difference_deletes=true,
        indexes=[{'columns': ['raw_address'], 'unique': true}],
    )
}}

with

institutions as (
    select * from {{ ref('lv1_public__public_institution') }}
),

addresses as (
    select distinct {{ raw_address('address1', 'address2') }} as raw_address
    from institutions
),

given as (
    select raw_address from addresses
    where raw_address is not null
)

select * from given
