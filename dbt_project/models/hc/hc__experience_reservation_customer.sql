{{
    config(
        external_id='erp_person_id__c',
        scales={'reservation_count__c': 0, 'contract_count__c': 0},
    )
}}

with

persons as (
    select * from {{ ref('lv2_visit__reservation_customer') }}
),

visit_picklists as (
    select * from {{ ref('visit_picklists') }}
),

-- What Salesforce has by now, other people's records left out.
published as (
    select * from {{ this }}
    where erp_person_id__c is not null
),

present as (
    select
        persons.person_id as erp_person_id__c,
        -- Salesforce refuses a record without a name.
        coalesce(persons.customer_name, persons.latest_reservation_id) as name,
        persons.latest_reservation_id as latest_reservation_id__c,
        {{ picklist_or_unknown('persons.visit_status_code', 'statuses.picklist_value') }}
            as visit_status__c,
        persons.visit_status_code as visit_status_code__c,
        persons.visit_status_name as visit_status_name__c,
        persons.sales_group_code as sales_group_code__c,
        persons.sales_group_name as sales_group_name__c,
        persons.homepage_id as homepage_id__c,
        {{ null_if_longer('persons.phone', 40) }} as phone__c,
        persons.mobile_number as mobile_phone__c,
        persons.remark as remark__c,
        persons.reservation_count::double precision as reservation_count__c,
        persons.contract_count::double precision as contract_count__c,
        coalesce(persons.has_marketing_consent, false) as marketing_consent__c,
        persons.is_deleted as erp_deleted__c,
        {{ salesforce_datetime('persons.reserved_at') }} as reserved_at__c,
        {{ salesforce_datetime('persons.created_at') }} as erp_created_at__c
    from persons
    left join visit_picklists as statuses
        on
            statuses.major_code = 'R0302'
            and persons.visit_status_code = statuses.minor_code
),

-- Whoever was published under a number that has been corrected since (docs/adr/0013).
left_behind as (
    select
        published.erp_person_id__c,
        published.name,
        published.latest_reservation_id__c,
        published.visit_status__c,
        published.visit_status_code__c,
        published.visit_status_name__c,
        published.sales_group_code__c,
        published.sales_group_name__c,
        published.homepage_id__c,
        published.phone__c,
        published.mobile_phone__c,
        published.remark__c,
        published.reservation_count__c,
        published.contract_count__c,
        published.marketing_consent__c,
        true as erp_deleted__c,
        published.reserved_at__c,
        published.erp_created_at__c
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
