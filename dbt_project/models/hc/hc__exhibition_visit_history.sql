-- Parents are published first:
-- depends_on: {{ ref('hc__bbs_map') }}
-- depends_on: {{ ref('hc__exhibition_visit_customer') }}
-- depends_on: {{ ref('hc__opportunity') }}
-- depends_on: {{ ref('hc__product2') }}
{{
    config(
        external_id='erp_visit_no__c',
        order_by=['exhibition_visit_customer__r__erp_person_id__c'],
        scales={'visitor_count__c': 0, 'trial_minutes__c': 0},
    )
}}

with

visits as (
    select * from {{ ref('lv2_visit__exhibition_visit') }}
),

visit_picklists as (
    select * from {{ ref('visit_picklists') }}
),

histories as (
    select
        visits.visit_no as erp_visit_no__c,
        visits.person_id as exhibition_visit_customer__r__erp_person_id__c,
        visits.lounge_code as bbs_map__r__erp_lounge_code__c,
        visits.order_no as opportunity__r__erp_order_no__c,
        visits.goods_code as product__r__erp_goods_code__c,
        visits.visit_no as name,
        {{ picklist_or_unknown('visits.visit_status_code', 'statuses.picklist_value') }}
            as visit_status__c,
        {{ picklist_or_unknown('visits.visit_route_code', 'routes.picklist_value') }}
            as visit_route__c,
        visits.visit_status_code as visit_status_code__c,
        visits.visit_status_name as visit_status_name__c,
        visits.visit_route_code as visit_route_code__c,
        visits.visit_route_name as visit_route_name__c,
        visits.visit_purpose_code as visit_purpose_code__c,
        visits.visit_purpose_name as visit_purpose_name__c,
        visits.sales_group_code as sales_group_code__c,
        visits.sales_group_name as sales_group_name__c,
        visits.memo as memo__c,
        visits.visitor_count::double precision as visitor_count__c,
        visits.trial_minutes::double precision as trial_minutes__c,
        visits.is_contracted as contracted__c,
        visits.is_deleted as erp_deleted__c,
        {{ salesforce_datetime('visits.visited_at') }} as visited_at__c,
        {{ salesforce_datetime('visits.created_at') }} as erp_created_at__c
    from visits
    left join visit_picklists as statuses
        on
            statuses.major_code = 'R0302'
            and visits.visit_status_code = statuses.minor_code
    left join visit_picklists as routes
        on
            routes.major_code = 'R0303'
            and visits.visit_route_code = routes.minor_code
)

select * from histories
