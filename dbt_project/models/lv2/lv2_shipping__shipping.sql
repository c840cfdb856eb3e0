{{ config(unique_key='shipping_no', indexes=[{'columns': ['shipping_no'], 'unique': true}]) }}

with

shippings as (
    select * from {{ ref('lv1_rental__r_shipping_info') }}
),

customers as (
    select * from {{ ref('lv2_customer__customer') }}
),

orders as (
    select * from {{ ref('lv2_sales__order') }}
),

products as (
    select * from {{ ref('lv2_product__product') }}
),

receipts as (
    select * from {{ ref('lv2_service__service_receipt') }}
),

address_master as (
    select * from {{ source('address', 'address_master') }}
),

code_master as (
    select * from {{ ref('lv1_unierp5__code_master') }}
),

conformed as (
    select
        shippings.shipping_no,
        -- As in lv2_sales__order, what is marked as deleted is still known.
        orders.order_no,
        receipts.receipt_no,
        customers.customer_no,
        products.goods_code,
        shippings.shipping_type_code,
        shippings.shipping_status_code,
        shippings.delay_reason_code,
        shipping_type.minor_name as shipping_type_name,
        shipping_status.minor_name as shipping_status_name,
        delay_reason.minor_name as delay_reason_name,
        shippings.recipient_name,
        shippings.phone,
        shippings.mobile_phone,
        shippings.postal_code,
        shippings.address1,
        shippings.address2,
        {{ refined_columns('refined') }},
        shippings.memo,
        shippings.shipping_amount_krw,
        shippings.ladder_amount_krw,
        shippings.is_cancelled,
        orders.order_no is not null as has_known_order,
        customers.customer_no is not null as has_known_customer,
        products.goods_code is not null as has_known_product,
        shippings.is_deleted,
        shippings.desired_date,
        shippings.requested_at,
        shippings.shipped_at,
        shippings.completed_at,
        shippings.created_at,
        shippings.updated_at
    from shippings
    left join orders on shippings.order_no = orders.order_no
    left join receipts on shippings.receipt_no = receipts.receipt_no
    left join customers on shippings.customer_no = customers.customer_no
    left join products on shippings.goods_code = products.goods_code
    {{ refine('refined', 'shippings.address1', 'shippings.address2') }}
    {{ decode('shipping_type', 'shippings.shipping_type_code', 'R0101') }}
    {{ decode('shipping_status', 'shippings.shipping_status_code', 'R0009') }}
    {{ decode('delay_reason', 'shippings.delay_reason_code', 'R0102') }}
)

select * from conformed
