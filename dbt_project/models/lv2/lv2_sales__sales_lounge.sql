{{ config(unique_key='lounge_code', indexes=[{'columns': ['lounge_code'], 'unique': true}]) }}

with

lounges as (
    select * from {{ ref('lv1_rental__v_sales_lounge') }}
),

code_master as (
    select * from {{ ref('lv1_unierp5__code_master') }}
),

address_master as (
    select * from {{ source('address', 'address_master') }}
),

decoded as (
    select
        lounges.lounge_code,
        lounges.lounge_type_code,
        lounges.sales_group_code,
        lounge_type.minor_name as lounge_type_name,
        sales_group.minor_name as sales_group_name,
        lounges.lounge_name,
        lounges.phone,
        lounges.postal_code,
        lounges.address1,
        lounges.address2,
        lounges.holiday_name,
        lounges.homepage_url,
        lounges.guide,
        {{ refined_columns('refined', with_place=false) }},
        -- The ERP's own place is the lounge's door; the search may know the street alone.
        coalesce(lounges.longitude_deg, refined.x) as longitude,
        coalesce(lounges.latitude_deg, refined.y) as latitude,
        lounges.has_parking,
        lounges.is_in_use,
        lounges.is_deleted,
        lounges.open_time,
        lounges.close_time,
        lounges.opening_date,
        lounges.closing_date,
        lounges.created_at,
        lounges.updated_at
    from lounges
    {{ decode('lounge_type', 'lounges.lounge_type_code', 'R0306') }}
    {{ decode('sales_group', 'lounges.sales_group_code', 'S0001') }}
    {{ refine('refined', 'lounges.address1', 'lounges.address2') }}
)

select * from decoded
