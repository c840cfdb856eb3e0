{{
    config(
        unique_key='raw_address',
        difference_deletes=true,
        indexes=[{'columns': ['raw_address'], 'unique': true}],
    )
}}

with

customers as (
    select * from {{ ref('lv1_rental__v_customer') }}
),

order_contacts as (
    select * from {{ ref('lv1_rental__r_order_cust_info') }}
),

-- As lv2_customer__customer takes them: a lookup costs, and nobody reads the other contacts'.
stand_ins as (
    select
        order_contacts.address1,
        order_contacts.address2
    from order_contacts
    inner join customers on order_contacts.customer_no = customers.customer_no
    where customers.address1 is null
),

addresses as (
    select {{ raw_address('address1', 'address2') }} as raw_address from customers
    union
    select {{ raw_address('address1', 'address2') }} from stand_ins
),

given as (
    select raw_address from addresses
    where raw_address is not null
)

select * from given
