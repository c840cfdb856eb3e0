{{
    config(
        external_id='erp_lounge_code__c',
        scales={'address_accuracy__c': 3, 'longitude__c': 6, 'latitude__c': 6},
        late_fields=refined_field_names(),
    )
}}

with

lounges as (
    select * from {{ ref('lv2_sales__sales_lounge') }}
),

places as (
    select
        lounge_code as erp_lounge_code__c,
        -- Salesforce refuses a record without a name.
        coalesce({{ null_if_longer('lounge_name', 80) }}, lounge_code) as name,
        lounge_type_code as lounge_type_code__c,
        lounge_type_name as lounge_type_name__c,
        sales_group_code as sales_group_code__c,
        sales_group_name as sales_group_name__c,
        phone as phone__c,
        postal_code as postal_code__c,
        address1 as address1__c,
        address2 as address2__c,
        holiday_name as holiday_name__c,
        homepage_url as homepage_url__c,
        guide as guide__c,
        to_char(open_time, 'HH24:MI') || '-' || to_char(close_time, 'HH24:MI')
            as opening_hours__c,
        {{ refined_fields() }},
        coalesce(has_parking, false) as has_parking__c,
        coalesce(is_in_use, false) as active__c,
        is_deleted as erp_deleted__c,
        opening_date as opening_date__c,
        closing_date as closing_date__c,
        {{ salesforce_datetime('created_at') }} as erp_created_at__c
    from lounges
)

select * from places
