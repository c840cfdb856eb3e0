{{ config(unique_key='goods_code', indexes=[{'columns': ['goods_code'], 'unique': true}]) }}

with

goods as (
    select * from {{ ref('lv1_rental__r_goods') }}
),

code_master as (
    select * from {{ ref('lv1_unierp5__code_master') }}
),

decoded as (
    select
        goods.goods_code,
        goods.goods_group_code,
        goods_group.minor_name as goods_group_name,
        goods.goods_name,
        goods.model_name,
        goods.sale_price_krw,
        goods.month_price_krw,
        goods.is_in_use,
        goods.is_deleted,
        goods.created_at,
        goods.updated_at
    from goods
    {{ decode('goods_group', 'goods.goods_group_code', 'R0008') }}
)

select * from decoded
