{{
    config(
        unique_key='raw_address',
        difference_deletes=true,
        indexes=[{'columns': ['raw_address'], 'unique': true}],
    )
}}

with

additions as (
    select * from {{ ref('lv1_rental__r_order_contract_add') }}
),

addresses as (
    select distinct {{ raw_address('install_address1', 'install_address2') }} as raw_address
    from additions
),

given as (
    select raw_address from addresses
    where raw_address is not null
)

select * from given
