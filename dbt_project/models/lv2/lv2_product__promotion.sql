{{ config(unique_key='promotion_code', indexes=[{'columns': ['promotion_code'], 'unique': true}]) }}

with

promotions as (
    select * from {{ ref('lv1_rental__r_promotion') }}
),

code_master as (
    select * from {{ ref('lv1_unierp5__code_master') }}
),

decoded as (
    select
        promotions.promotion_code,
        promotions.promotion_type_code,
        promotions.goods_group_code,
        promotion_type.minor_name as promotion_type_name,
        goods_group.minor_name as goods_group_name,
        promotions.promotion_name,
        promotions.gift_name,
        promotions.discount_amount_krw,
        promotions.discount_pct,
        promotions.free_months,
        promotions.is_in_use,
        promotions.is_deleted,
        promotions.start_date,
        promotions.end_date,
        promotions.created_at,
        promotions.updated_at
    from promotions
    {{ decode('promotion_type', 'promotions.promotion_type_code', 'R0301') }}
    {{ decode('goods_group', 'promotions.goods_group_code', 'R0008') }}
)

select * from decoded
