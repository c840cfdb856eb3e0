-- Parents are published first:
-- depends_on: {{ ref('hc__account') }}
-- depends_on: {{ ref('hc__opportunity') }}
{{
    config(
        external_id='erp_cancel_receipt_no__c',
        order_by=['account__r__erp_customer_id__c'],
        scales={'penalty__c': 2, 'refund__c': 2},
    )
}}

with

receipts as (
    select * from {{ ref('lv2_contract__contract_cancel') }}
),

contract_picklists as (
    select * from {{ ref('contract_picklists') }}
),

cancel_receipts as (
    select
        receipts.cancel_receipt_no as erp_cancel_receipt_no__c,
        receipts.customer_no as account__r__erp_customer_id__c,
        receipts.order_no as opportunity__r__erp_order_no__c,
        receipts.cancel_receipt_no as name,
        coalesce(statuses.picklist_value, 'Unknown') as status__c,
        receipts.cancel_status_code as cancel_status_code__c,
        receipts.cancel_status_name as cancel_status_name__c,
        {{ picklist_or_unknown('receipts.cancel_reason_code', 'reasons.picklist_value') }}
            as cancel_reason__c,
        receipts.cancel_reason_code as cancel_reason_code__c,
        receipts.cancel_reason_name as cancel_reason_name__c,
        receipts.sales_group_code as sales_group_code__c,
        receipts.sales_group_name as sales_group_name__c,
        receipts.phone as phone__c,
        receipts.memo as memo__c,
        receipts.penalty_krw::double precision as penalty__c,
        receipts.refund_krw::double precision as refund__c,
        coalesce(receipts.is_withdrawn, false) as withdrawn__c,
        receipts.is_deleted as erp_deleted__c,
        receipts.requested_end_date as requested_end_date__c,
        receipts.collection_date as collection_date__c,
        {{ salesforce_datetime('receipts.received_at') }} as received_at__c,
        {{ salesforce_datetime('receipts.completed_at') }} as completed_at__c,
        {{ salesforce_datetime('receipts.created_at') }} as erp_created_at__c
    from receipts
    left join contract_picklists as statuses
        on
            statuses.major_code = 'R0201'
            and receipts.cancel_status_code = statuses.minor_code
    left join contract_picklists as reasons
        on
            reasons.major_code = 'R0010'
            and receipts.cancel_reason_code = reasons.minor_code
)

select * from cancel_receipts
