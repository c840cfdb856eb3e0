{{
    config(
        external_id='institution_key__c',
        scales={'address_accuracy__c': 3, 'longitude__c': 6, 'latitude__c': 6},
        late_fields=refined_field_names(),
    )
}}

with

institutions as (
    select * from {{ ref('lv2_public__public_institution') }}
),

published as (
    select
        institution_key as institution_key__c,
        -- Salesforce refuses a record without a name; its own field is that short.
        left(coalesce(institution_name, institution_no), 80) as name,
        case institution_kind
            when 'hospital' then 'Hospital'
            when 'school' then 'School'
            when 'town_hall' then 'Town Hall'
            when 'welfare_center' then 'Welfare Center'
            when 'care_center' then 'Care Center'
        end as institution_kind__c,
        class_code as class_code__c,
        class_name as class_name__c,
        {{ null_if_longer('phone', 40) }} as phone__c,
        {{ null_if_longer('homepage', 255) }} as homepage__c,
        {{ null_if_longer('postal_code', 20) }} as postal_code__c,
        {{ null_if_longer('address1', 255) }} as address1__c,
        {{ null_if_longer('address2', 255) }} as address2__c,
        {{ refined_fields() }},
        is_deleted as erp_deleted__c,
        opened_date as opened_date__c
    from institutions
)

select * from published
