-- Parents are published first:
-- depends_on: {{ ref('hc__account') }}
{{
    config(
        external_id='erp_person_id__c',
        order_by=['account__r__erp_customer_id__c'],
        scales={'visit_count__c': 0, 'contract_count__c': 0},
    )
}}

with

visitors as (
    select * from {{ ref('lv2_visit__exhibition_visitor') }}
),

-- What Salesforce has by now, other people's records left out.
published as (
    select * from {{ this }}
    where erp_person_id__c is not null
),

present as (
    select
        person_id as erp_person_id__c,
        customer_no as account__r__erp_customer_id__c,
        -- Salesforce refuses a record without a name.
        coalesce(customer_name, latest_visit_no) as name,
        phone as phone__c,
        mobile_number as mobile_phone__c,
        {{ null_if_longer('email', 80) }} as email__c,
        visit_count::double precision as visit_count__c,
        contract_count::double precision as contract_count__c,
        coalesce(has_marketing_consent, false) as marketing_consent__c,
        is_deleted as erp_deleted__c,
        {{ salesforce_datetime('first_visited_at') }} as first_visited_at__c,
        {{ salesforce_datetime('last_visited_at') }} as last_visited_at__c
    from visitors
),

-- Whoever was published under a number that has been corrected since (docs/adr/0013).
left_behind as (
    select
        published.erp_person_id__c,
        published.account__r__erp_customer_id__c,
        published.name,
        published.phone__c,
        published.mobile_phone__c,
        published.email__c,
        published.visit_count__c,
        published.contract_count__c,
        published.marketing_consent__c,
        true as erp_deleted__c,
        published.first_visited_at__c,
        published.last_visited_at__c
    from published
    left join present on published.erp_person_id__c = present.erp_person_id__c
    where present.erp_person_id__c is null
),

customers as (
    select * from present
    union all
    select * from left_behind
)

select * from customers
