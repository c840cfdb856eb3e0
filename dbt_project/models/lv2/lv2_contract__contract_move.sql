{{
    config(unique_key='move_receipt_no', indexes=[{'columns': ['move_receipt_no'], 'unique': true}])
}}

with

receipts as (
    select * from {{ ref('lv1_rental__r_contract_move_receipt') }}
),

customers as (
    select * from {{ ref('lv2_customer__customer') }}
),

orders as (
    select * from {{ ref('lv2_sales__order') }}
),

address_master as (
    select * from {{ source('address', 'address_master') }}
),

code_master as (
    select * from {{ ref('lv1_unierp5__code_master') }}
),

conformed as (
    select
        receipts.move_receipt_no,
        -- As in lv2_sales__order, what is marked as deleted is still known.
        orders.order_no,
        customers.customer_no,
        receipts.move_status_code,
        move_status.minor_name as move_status_name,
        receipts.from_postal_code,
        receipts.from_address1,
        receipts.from_address2,
        {{ refined_columns('refined_from', prefix='from_') }},
        receipts.to_postal_code,
        receipts.to_address1,
        receipts.to_address2,
        {{ refined_columns('refined_to', prefix='to_') }},
        receipts.to_phone,
        receipts.remark,
        receipts.move_amount_krw,
        receipts.is_paid,
        orders.order_no is not null as has_known_order,
        customers.customer_no is not null as has_known_customer,
        receipts.is_deleted,
        receipts.requested_date,
        receipts.received_at,
        receipts.moved_at,
        receipts.completed_at,
        receipts.created_at,
        receipts.updated_at
    from receipts
    left join orders on receipts.order_no = orders.order_no
    left join customers on receipts.customer_no = customers.customer_no
    {{ refine('refined_from', 'receipts.from_address1', 'receipts.from_address2') }}
    {{ refine('refined_to', 'receipts.to_address1', 'receipts.to_address2') }}
    {{ decode('move_status', 'receipts.move_status_code', 'R0202') }}
)

select * from conformed
