-- Parents are published first:
-- depends_on: {{ ref('hc__account') }}
-- depends_on: {{ ref('hc__opportunity') }}
{{
    config(
        external_id='erp_move_receipt_no__c',
        order_by=['account__r__erp_customer_id__c'],
        scales={
            'from_address_accuracy__c': 3,
            'from_longitude__c': 6,
            'from_latitude__c': 6,
            'to_address_accuracy__c': 3,
            'to_longitude__c': 6,
            'to_latitude__c': 6,
            'move_amount__c': 2,
        },
        late_fields=refined_field_names('from_') + refined_field_names('to_'),
    )
}}

with

receipts as (
    select * from {{ ref('lv2_contract__contract_move') }}
),

contract_picklists as (
    select * from {{ ref('contract_picklists') }}
),

move_receipts as (
    select
        receipts.move_receipt_no as erp_move_receipt_no__c,
        receipts.customer_no as account__r__erp_customer_id__c,
        receipts.order_no as opportunity__r__erp_order_no__c,
        receipts.move_receipt_no as name,
        coalesce(statuses.picklist_value, 'Unknown') as status__c,
        receipts.move_status_code as move_status_code__c,
        receipts.move_status_name as move_status_name__c,
        receipts.from_postal_code as from_postal_code__c,
        receipts.from_address1 as from_address1__c,
        receipts.from_address2 as from_address2__c,
        {{ refined_fields('receipts', prefix='from_') }},
        receipts.to_postal_code as to_postal_code__c,
        receipts.to_address1 as to_address1__c,
        receipts.to_address2 as to_address2__c,
        {{ refined_fields('receipts', prefix='to_') }},
        receipts.to_phone as to_phone__c,
        receipts.remark as remark__c,
        receipts.move_amount_krw::double precision as move_amount__c,
        coalesce(receipts.is_paid, false) as paid__c,
        receipts.is_deleted as erp_deleted__c,
        receipts.requested_date as requested_date__c,
        {{ salesforce_datetime('receipts.received_at') }} as received_at__c,
        {{ salesforce_datetime('receipts.moved_at') }} as moved_at__c,
        {{ salesforce_datetime('receipts.completed_at') }} as completed_at__c,
        {{ salesforce_datetime('receipts.created_at') }} as erp_created_at__c
    from receipts
    left join contract_picklists as statuses
        on
            statuses.major_code = 'R0202'
            and receipts.move_status_code = statuses.minor_code
)

select * from move_receipts
