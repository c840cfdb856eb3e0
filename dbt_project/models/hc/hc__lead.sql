-- Parents are published first:
-- depends_on: {{ ref('hc__experience_reservation_customer') }}
-- depends_on: {{ ref('hc__opportunity') }}
-- depends_on: {{ ref('hc__product2') }}
{{
    config(
        external_id='erp_reservation_id__c',
        order_by=['experience_reservation_customer__r__erp_person_id__c'],
        scales={'visitor_count__c': 0},
    )
}}

with

reservations as (
    select * from {{ ref('lv2_visit__experience_reservation') }}
),

visit_picklists as (
    select * from {{ ref('visit_picklists') }}
),

-- What Salesforce has by now.
published as (
    select erp_reservation_id__c from {{ this }}
),

leads as (
    select
        reservations.reservation_id as erp_reservation_id__c,
        reservations.person_id as experience_reservation_customer__r__erp_person_id__c,
        reservations.order_no as opportunity__r__erp_order_no__c,
        reservations.goods_code as product__r__erp_goods_code__c,
        -- Salesforce refuses a lead without a last name and a company; these are private persons.
        coalesce(reservations.customer_name, reservations.reservation_id) as lastname,
        '개인' as company,
        case
            when reservations.is_contracted then 'Converted'
            else coalesce(statuses.picklist_value, 'Unknown')
        end as status,
        {{ picklist_or_unknown('reservations.visit_route_code', 'routes.picklist_value') }}
            as leadsource,
        reservations.visit_status_code as visit_status_code__c,
        reservations.visit_status_name as visit_status_name__c,
        reservations.visit_route_code as visit_route_code__c,
        reservations.visit_route_name as visit_route_name__c,
        reservations.sales_channel_code as sales_channel_code__c,
        reservations.sales_channel_name as sales_channel_name__c,
        reservations.sales_group_code as sales_group_code__c,
        reservations.sales_group_name as sales_group_name__c,
        reservations.input_type_code as input_type_code__c,
        reservations.input_type_name as input_type_name__c,
        {{ null_if_longer('reservations.phone', 40) }} as phone,
        reservations.mobile_number as mobilephone,
        reservations.massage_point as massage_point__c,
        reservations.massage_experience as massage_experience__c,
        reservations.remark as description,
        reservations.visitor_count::double precision as visitor_count__c,
        coalesce(reservations.has_marketing_consent, false) as marketing_consent__c,
        reservations.is_deleted as erp_deleted__c,
        reservations.visit_date as visit_date__c,
        reservations.contract_date as contract_date__c,
        {{ salesforce_datetime('reservations.reserved_at') }} as reserved_at__c,
        {{ salesforce_datetime('reservations.created_at') }} as erp_created_at__c
    from reservations
    left join published on reservations.reservation_id = published.erp_reservation_id__c
    left join visit_picklists as statuses
        on
            statuses.major_code = 'R0302'
            and reservations.visit_status_code = statuses.minor_code
    left join visit_picklists as routes
        on
            routes.major_code = 'R0303'
            and reservations.visit_route_code = routes.minor_code
    -- What was a contract when it was first seen is no lead; a lead stays one (docs/adr/0013).
    where not reservations.is_contracted or published.erp_reservation_id__c is not null
)

select * from leads
