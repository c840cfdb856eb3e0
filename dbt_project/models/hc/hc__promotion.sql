{{
    config(
        external_id='erp_promotion_code__c',
        scales={'discount_amount__c': 2, 'discount_pct__c': 2, 'free_months__c': 0},
    )
}}

with

promotions as (
    select * from {{ ref('lv2_product__promotion') }}
),

visit_picklists as (
    select * from {{ ref('visit_picklists') }}
),

campaigns as (
    select
        promotions.promotion_code as erp_promotion_code__c,
        -- Salesforce refuses a record without a name.
        coalesce(
            {{ null_if_longer('promotions.promotion_name', 80) }}, promotions.promotion_code
        ) as name,
        {{ picklist_or_unknown('promotions.promotion_type_code', 'kinds.picklist_value') }}
            as promotion_type__c,
        promotions.promotion_type_code as promotion_type_code__c,
        promotions.promotion_type_name as promotion_type_name__c,
        promotions.goods_group_code as goods_group_code__c,
        promotions.goods_group_name as goods_group_name__c,
        promotions.gift_name as gift_name__c,
        promotions.discount_amount_krw::double precision as discount_amount__c,
        promotions.discount_pct::double precision as discount_pct__c,
        promotions.free_months::double precision as free_months__c,
        coalesce(promotions.is_in_use, false) as active__c,
        promotions.is_deleted as erp_deleted__c,
        promotions.start_date as start_date__c,
        promotions.end_date as end_date__c,
        {{ salesforce_datetime('promotions.created_at') }} as erp_created_at__c
    from promotions
    left join visit_picklists as kinds
        on
            kinds.major_code = 'R0301'
            and promotions.promotion_type_code = kinds.minor_code
)

select * from campaigns
