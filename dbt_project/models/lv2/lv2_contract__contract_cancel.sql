{{
    config(
        unique_key='cancel_receipt_no',
        indexes=[{'columns': ['cancel_receipt_no'], 'unique': true}],
    )
}}

with

receipts as (
    select * from {{ ref('lv1_rental__r_contract_cancel_receipt') }}
),

customers as (
    select * from {{ ref('lv2_customer__customer') }}
),

orders as (
    select * from {{ ref('lv2_sales__order') }}
),

code_master as (
    select * from {{ ref('lv1_unierp5__code_master') }}
),

conformed as (
    select
        receipts.cancel_receipt_no,
        -- As in lv2_sales__order, what is marked as deleted is still known.
        orders.order_no,
        customers.customer_no,
        receipts.cancel_status_code,
        receipts.cancel_reason_code,
        receipts.sales_group_code,
        cancel_status.minor_name as cancel_status_name,
        cancel_reason.minor_name as cancel_reason_name,
        sales_group.minor_name as sales_group_name,
        receipts.phone,
        receipts.memo,
        receipts.penalty_krw,
        receipts.refund_krw,
        receipts.is_withdrawn,
        orders.order_no is not null as has_known_order,
        customers.customer_no is not null as has_known_customer,
        receipts.is_deleted,
        receipts.requested_end_date,
        receipts.collection_date,
        receipts.received_at,
        receipts.completed_at,
        receipts.created_at,
        receipts.updated_at
    from receipts
    left join orders on receipts.order_no = orders.order_no
    left join customers on receipts.customer_no = customers.customer_no
    {{ decode('cancel_status', 'receipts.cancel_status_code', 'R0201') }}
    {{ decode('cancel_reason', 'receipts.cancel_reason_code', 'R0010') }}
    {{ decode('sales_group', 'receipts.sales_group_code', 'S0001') }}
)

select * from conformed
