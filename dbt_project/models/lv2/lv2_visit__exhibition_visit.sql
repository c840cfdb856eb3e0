{{ config(unique_key='visit_no', indexes=[{'columns': ['visit_no'], 'unique': true}]) }}

with

visits as (
    select * from {{ ref('lv1_rental__r_exhibition_visit') }}
),

lounges as (
    select * from {{ ref('lv2_sales__sales_lounge') }}
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

conformed as (
    select
        visits.visit_no,
        {{ person_id('visits.mobile_number', 'visits.visit_no') }} as person_id,
        -- As in lv2_sales__order, what is marked as deleted is still known.
        lounges.lounge_code,
        customers.customer_no,
        orders.order_no,
        products.goods_code,
        visits.visit_status_code,
        visits.visit_route_code,
        visits.visit_purpose_code,
        visits.sales_group_code,
        visit_status.minor_name as visit_status_name,
        visit_route.minor_name as visit_route_name,
        visit_purpose.minor_name as visit_purpose_name,
        sales_group.minor_name as sales_group_name,
        visits.customer_name,
        visits.phone,
        visits.mobile_number,
        visits.email,
        visits.memo,
        visits.visitor_count,
        visits.trial_minutes,
        -- The ERP writes Y; anything else is no contract yet.
        coalesce(visits.is_contracted, false) as is_contracted,
        visits.has_marketing_consent,
        lounges.lounge_code is not null as has_known_lounge,
        customers.customer_no is not null as has_known_customer,
        orders.order_no is not null as has_known_order,
        products.goods_code is not null as has_known_product,
        visits.is_deleted,
        visits.visited_at,
        visits.created_at,
        visits.updated_at
    from visits
    left join lounges on visits.lounge_code = lounges.lounge_code
    left join customers on visits.customer_no = customers.customer_no
    left join orders on visits.order_no = orders.order_no
    left join products on visits.goods_code = products.goods_code
    {{ decode('visit_status', 'visits.visit_status_code', 'R0302') }}
    {{ decode('visit_route', 'visits.visit_route_code', 'R0303') }}
    {{ decode('visit_purpose', 'visits.visit_purpose_code', 'R0305') }}
    {{ decode('sales_group', 'visits.sales_group_code', 'S0001') }}
)

select * from conformed
