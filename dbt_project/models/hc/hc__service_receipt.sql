-- Parents are published first:
-- depends_on: {{ ref('hc__account') }}
-- depends_on: {{ ref('hc__opportunity') }}
-- depends_on: {{ ref('hc__product2') }}
{{
    config(
        external_id='erp_receipt_no__c',
        order_by=['account__r__erp_customer_id__c'],
        scales={'service_amount__c': 2},
    )
}}

with

receipts as (
    select * from {{ ref('lv2_service__service_receipt') }}
),

service_receipts as (
    select
        receipt_no as erp_receipt_no__c,
        customer_no as account__r__erp_customer_id__c,
        order_no as opportunity__r__erp_order_no__c,
        goods_code as product__r__erp_goods_code__c,
        receipt_no as name,
        service_type_code as service_type_code__c,
        service_type_name as service_type_name__c,
        service_status_code as service_status_code__c,
        service_status_name as service_status_name__c,
        symptom_big_code as symptom_big_code__c,
        symptom_big_name as symptom_big_name__c,
        symptom_mid_code as symptom_mid_code__c,
        symptom_mid_name as symptom_mid_name__c,
        symptom_small_code as symptom_small_code__c,
        symptom_small_name as symptom_small_name__c,
        {{ null_if_longer('phone', 40) }} as phone__c,
        {{ null_if_longer('mobile_phone', 40) }} as mobile_phone__c,
        memo as memo__c,
        service_amount_krw::double precision as service_amount__c,
        is_deleted as erp_deleted__c,
        {{ salesforce_datetime('received_at') }} as received_at__c,
        {{ salesforce_datetime('visited_at') }} as visited_at__c,
        {{ salesforce_datetime('completed_at') }} as completed_at__c,
        {{ salesforce_datetime('created_at') }} as erp_created_at__c
    from receipts
)

select * from service_receipts
