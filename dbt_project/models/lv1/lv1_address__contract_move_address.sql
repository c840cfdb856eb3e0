{{
    config(
        unique_key='raw_address',
        difference_deletes=true,
        indexes=[{'columns': ['raw_address'], 'unique': true}],
    )
}}

with

move_receipts as (
    select * from {{ ref('lv1_rental__r_contract_move_receipt') }}
),

addresses as (
    select {{ raw_address('from_address1', 'from_address2') }} as raw_address from move_receipts
    union
    select {{ raw_address('to_address1', 'to_address2') }} from move_receipts
),

given as (
    select raw_address from addresses
    where raw_address is not null
)

select * from given
