{{
    config(
        unique_key=['reservation_no', 'reservation_seq'],
        indexes=[{'columns': ['reservation_no', 'reservation_seq'], 'unique': true}],
    )
}}

with

reservations as (
    select
        *,
        reservation_no || '-' || reservation_seq as reservation_id
    from {{ ref('lv1_rental__r_experience_reservation') }}
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
        reservations.reservation_no,
        reservations.reservation_seq,
        reservations.reservation_id,
        {{ person_id('reservations.mobile_number', 'reservations.reservation_id') }} as person_id,
        -- As in lv2_sales__order, what is marked as deleted is still known.
        orders.order_no,
        products.goods_code,
        reservations.sales_channel_code,
        reservations.sales_group_code,
        reservations.visit_status_code,
        reservations.visit_route_code,
        reservations.input_type_code,
        sales_channel.minor_name as sales_channel_name,
        sales_group.minor_name as sales_group_name,
        visit_status.minor_name as visit_status_name,
        visit_route.minor_name as visit_route_name,
        input_type.minor_name as input_type_name,
        reservations.homepage_id,
        reservations.customer_name,
        reservations.phone,
        reservations.mobile_number,
        reservations.massage_point,
        reservations.massage_experience,
        reservations.remark,
        reservations.visitor_count,
        -- The ERP writes Y; anything else is no contract yet.
        coalesce(reservations.is_contracted, false) as is_contracted,
        reservations.has_marketing_consent,
        orders.order_no is not null as has_known_order,
        products.goods_code is not null as has_known_product,
        reservations.is_deleted,
        reservations.reserved_at,
        reservations.visit_date,
        reservations.contract_date,
        reservations.marketing_consent_at,
        reservations.created_at,
        reservations.updated_at
    from reservations
    left join orders on reservations.order_no = orders.order_no
    left join products on reservations.goods_code = products.goods_code
    {{ decode('sales_channel', 'reservations.sales_channel_code', 'R0011') }}
    {{ decode('sales_group', 'reservations.sales_group_code', 'S0001') }}
    {{ decode('visit_status', 'reservations.visit_status_code', 'R0302') }}
    {{ decode('visit_route', 'reservations.visit_route_code', 'R0303') }}
    {{ decode('input_type', 'reservations.input_type_code', 'R0304') }}
)

select * from conformed
