{{
    config(
        unique_key='goods_code',
        difference_deletes=true,
        on_schema_change='sync_all_columns',
        tags=['answers', 'return_ids'],
    )
}}

with

product2 as (
    select * from {{ source('heroku_connect', 'product2') }}
),

products as (
    select
        erp_goods_code__c as goods_code,
        sfid as product_id,
        coalesce(isdeleted, false) as is_deleted
    from product2
    -- What users made in Salesforce has no goods code; what it hasn't answered yet has no id.
    where erp_goods_code__c is not null and sfid is not null
)

select * from products
