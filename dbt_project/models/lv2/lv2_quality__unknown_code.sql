{{ config(unique_key=['entity', 'column_name', 'code']) }}

{%- set decoded = [
    ('customer', 'customer_grade', 'R0005'),
    ('customer', 'customer_type', 'R0006'),
    ('order', 'order_status', 'R0001'),
    ('order', 'order_type', 'R0002'),
    ('order', 'sales_group', 'S0001'),
    ('order', 'payment_method', 'R0007'),
    ('product', 'goods_group', 'R0008'),
    ('service_receipt', 'service_type', 'R0003'),
    ('service_receipt', 'service_status', 'R0004'),
] %}

with

customer as (
    select * from {{ ref('lv2_customer__customer') }}
),

"order" as (
    select * from {{ ref('lv2_sales__order') }}
),

product as (
    select * from {{ ref('lv2_product__product') }}
),

service_receipt as (
    select * from {{ ref('lv2_service__service_receipt') }}
),

unknown_codes as (
    {% for entity, column, major_code in decoded %}
        select
            '{{ entity }}' as entity,
            '{{ column }}_code' as column_name,
            '{{ major_code }}' as major_code,
            {{ column }}_code as code,
            count(*) as row_count
        from {{ adapter.quote(entity) }}
        where {{ column }}_code is not null and {{ column }}_name is null
        group by {{ column }}_code
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from unknown_codes
