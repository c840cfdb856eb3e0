-- Parents are published first:
-- depends_on: {{ ref('hc__account') }}
-- depends_on: {{ ref('hc__opportunity') }}
-- depends_on: {{ ref('hc__service_receipt') }}
{{
    config(
        external_id='erp_evaluation_no__c',
        order_by=['service_receipt__r__erp_receipt_no__c'],
        scales={
            'total_score__c': 2,
            'punctuality_score__c': 0,
            'kindness_score__c': 0,
            'skill_score__c': 0,
            'cleanness_score__c': 0,
            'recommendation_score__c': 0,
        },
    )
}}

with

evaluations as (
    select * from {{ ref('lv2_service__service_evaluation') }}
),

service_picklists as (
    select * from {{ ref('service_picklists') }}
),

service_evaluations as (
    select
        evaluations.evaluation_no::text as erp_evaluation_no__c,
        evaluations.customer_no as account__r__erp_customer_id__c,
        evaluations.order_no as opportunity__r__erp_order_no__c,
        evaluations.receipt_no as service_receipt__r__erp_receipt_no__c,
        evaluations.evaluation_no::text as name,
        {{ picklist_or_unknown('evaluations.evaluation_grade_code', 'grades.picklist_value') }}
            as grade__c,
        evaluations.evaluation_grade_code as evaluation_grade_code__c,
        evaluations.evaluation_grade_name as evaluation_grade_name__c,
        evaluations.evaluation_method_code as evaluation_method_code__c,
        evaluations.evaluation_method_name as evaluation_method_name__c,
        evaluations.memo as memo__c,
        evaluations.total_score::double precision as total_score__c,
        evaluations.punctuality_score::double precision as punctuality_score__c,
        evaluations.kindness_score::double precision as kindness_score__c,
        evaluations.skill_score::double precision as skill_score__c,
        evaluations.cleanness_score::double precision as cleanness_score__c,
        evaluations.recommendation_score::double precision as recommendation_score__c,
        coalesce(evaluations.is_resolved, false) as resolved__c,
        coalesce(evaluations.is_completed, false) as completed__c,
        coalesce(evaluations.has_claim, false) as claim__c,
        evaluations.is_deleted as erp_deleted__c,
        {{ salesforce_datetime('evaluations.evaluated_at') }} as evaluated_at__c,
        {{ salesforce_datetime('evaluations.created_at') }} as erp_created_at__c
    from evaluations
    left join service_picklists as grades
        on
            grades.major_code = 'R0103'
            and evaluations.evaluation_grade_code = grades.minor_code
)

select * from service_evaluations
