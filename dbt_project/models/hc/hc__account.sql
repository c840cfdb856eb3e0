{{
    config(
        external_id='erp_customer_id__c',
        scales={'address_accuracy__c': 3, 'longitude__c': 6, 'latitude__c': 6},
        late_fields=refined_field_names(),
    )
}}

with

customers as (
    select * from {{ ref('lv2_customer__customer') }}
),

accounts as (
    select
        customer_no as erp_customer_id__c,
        -- Salesforce refuses an account without a name.
        coalesce(customer_name, customer_no) as name,
        case removal_reason
            when 'gone' then 'Gone'
            when 'merged' then 'Merged'
            when 'dormant' then 'Dormant'
        end as erp_removal_reason__c,
        -- A text, not a reference: the account that it names may be new in the same publication.
        merged_into_customer_no as erp_merged_into__c,
        customer_grade_code as customer_grade_code__c,
        customer_grade_name as customer_grade_name__c,
        customer_type_code as customer_type_code__c,
        customer_type_name as customer_type_name__c,
        phone,
        mobile_phone as mobile_phone__c,
        {{ null_if_longer('email', 80) }} as email__c,
        postal_code as postal_code__c,
        address1 as address1__c,
        address2 as address2__c,
        {{ refined_fields() }},
        coalesce(has_marketing_consent, false) as marketing_consent__c,
        is_deleted as erp_deleted__c,
        removal_reason is not null as erp_removed__c,
        birth_date as birth_date__c,
        {{ salesforce_datetime('created_at') }} as erp_created_at__c
    from customers
)

select * from accounts
