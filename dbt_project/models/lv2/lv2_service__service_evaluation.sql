{{ config(unique_key='evaluation_no', indexes=[{'columns': ['evaluation_no'], 'unique': true}]) }}

with

evaluations as (
    select * from {{ ref('lv1_rental__r_service_evaluation') }}
),

receipts as (
    select * from {{ ref('lv2_service__service_receipt') }}
),

customers as (
    select * from {{ ref('lv2_customer__customer') }}
),

orders as (
    select * from {{ ref('lv2_sales__order') }}
),

code_master as (
    select * from {{ ref('lv1_unierp5__code_master') }}
),

conformed as (
    select
        evaluations.evaluation_no,
        -- As in lv2_sales__order, what is marked as deleted is still known.
        receipts.receipt_no,
        orders.order_no,
        customers.customer_no,
        evaluations.evaluation_method_code,
        evaluations.evaluation_grade_code,
        evaluation_method.minor_name as evaluation_method_name,
        evaluation_grade.minor_name as evaluation_grade_name,
        evaluations.memo,
        evaluations.total_score,
        evaluations.punctuality_score,
        evaluations.kindness_score,
        evaluations.skill_score,
        evaluations.cleanness_score,
        evaluations.recommendation_score,
        evaluations.is_resolved,
        evaluations.is_completed,
        evaluations.has_claim,
        receipts.receipt_no is not null as has_known_receipt,
        evaluations.is_deleted,
        evaluations.evaluated_at,
        evaluations.created_at,
        evaluations.updated_at
    from evaluations
    left join receipts on evaluations.receipt_no = receipts.receipt_no
    left join orders on evaluations.order_no = orders.order_no
    left join customers on evaluations.customer_no = customers.customer_no
    {{ decode('evaluation_method', 'evaluations.evaluation_method_code', 'R0104') }}
    {{ decode('evaluation_grade', 'evaluations.evaluation_grade_code', 'R0103') }}
)

select * from conformed
