{{
    config(
        unique_key='promotion_code',
        difference_deletes=true,
        on_schema_change='sync_all_columns',
        tags=['answers', 'return_ids'],
    )
}}

with

promotion as (
    select * from {{ source('heroku_connect', 'promotion') }}
),

promotions as (
    select
        erp_promotion_code__c as promotion_code,
        sfid as promotion_id,
        coalesce(isdeleted, false) as is_deleted
    from promotion
    -- What users made in Salesforce has no promotion code; what it hasn't answered yet has no id.
    where erp_promotion_code__c is not null and sfid is not null
)

select * from promotions
