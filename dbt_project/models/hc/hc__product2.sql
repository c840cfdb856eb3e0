{{
    config(
        external_id='erp_goods_code__c',
        scales={'sale_price__c': 2, 'month_price__c': 2},
    )
}}

with

products as (
    select * from {{ ref('lv2_product__product') }}
),

goods as (
    select
        goods_code as erp_goods_code__c,
        -- Salesforce refuses a product without a name.
        coalesce(goods_name, goods_code) as name,
        goods_code as productcode,
        goods_group_code as goods_group_code__c,
        goods_group_name as goods_group_name__c,
        model_name as model_name__c,
        sale_price_krw::double precision as sale_price__c,
        month_price_krw::double precision as month_price__c,
        coalesce(is_in_use, false) as isactive,
        is_deleted as erp_deleted__c,
        {{ salesforce_datetime('created_at') }} as erp_created_at__c
    from products
)

select * from goods
