{{
    config(
        unique_key='raw_address',
        difference_deletes=true,
        indexes=[{'columns': ['raw_address'], 'unique': true}],
    )
}}

with

lounges as (
    select * from {{ ref('lv1_rental__v_sales_lounge') }}
),

addresses as (
    select distinct {{ raw_address('address1', 'address2') }} as raw_address
    from lounges
),

given as (
    select raw_address from addresses
    where raw_address is not null
)

select * from given
