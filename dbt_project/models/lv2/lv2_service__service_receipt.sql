{{ config(unique_key='receipt_no', indexes=[{'columns': ['receipt_no'], 'unique': true}]) }}

with

receipts as (
    select * from {{ ref('lv1_rental__r_service_receipt') }}
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

code_master as (
    select * from {{ ref('lv1_unierp5__code_master') }}
),

r_svc_type_big as (
    select * from {{ ref('lv1_rental__r_svc_type_big') }}
),

r_svc_type_mid as (
    select * from {{ ref('lv1_rental__r_svc_type_mid') }}
),

r_svc_type_sml as (
    select * from {{ ref('lv1_rental__r_svc_type_sml') }}
),

conformed as (
    select
        receipts.receipt_no,
        -- As in lv2_sales__order, what is marked as deleted is still known.
        orders.order_no,
        customers.customer_no,
        products.goods_code,
        receipts.service_type_code,
        receipts.service_status_code,
        receipts.symptom_big_code,
        receipts.symptom_mid_code,
        receipts.symptom_small_code,
        service_type.minor_name as service_type_name,
        service_status.minor_name as service_status_name,
        symptom_big.symptom_big_name,
        symptom_mid.symptom_mid_name,
        symptom_small.symptom_small_name,
        receipts.phone,
        receipts.mobile_phone,
        receipts.memo,
        receipts.service_amount_krw,
        orders.order_no is not null as has_known_order,
        customers.customer_no is not null as has_known_customer,
        products.goods_code is not null as has_known_product,
        receipts.is_deleted,
        receipts.received_at,
        receipts.visited_at,
        receipts.completed_at,
        receipts.created_at,
        receipts.updated_at
    from receipts
    left join orders on receipts.order_no = orders.order_no
    left join customers on receipts.customer_no = customers.customer_no
    left join products on receipts.goods_code = products.goods_code
    {{ decode('service_type', 'receipts.service_type_code', 'R0003') }}
    {{ decode('service_status', 'receipts.service_status_code', 'R0004') }}
    {{ decode_by('symptom_big', 'receipts.symptom_big_code', 'r_svc_type_big') }}
    {{ decode_by('symptom_mid', 'receipts.symptom_mid_code', 'r_svc_type_mid') }}
    {{ decode_by('symptom_small', 'receipts.symptom_small_code', 'r_svc_type_sml') }}
)

select * from conformed
