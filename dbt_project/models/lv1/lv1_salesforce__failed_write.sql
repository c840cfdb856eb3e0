{{
    config(
        unique_key=['object_name', 'record_id'],
        difference_deletes=true,
        on_schema_change='sync_all_columns',
        tags=['answers'],
    )
}}

{#- Each object and its External ID. -#}
{%- set objects = {
    'account': 'erp_customer_id__c',
    'bbs_map': 'erp_lounge_code__c',
    'contract_cancel_receipt': 'erp_cancel_receipt_no__c',
    'contract_move_receipt': 'erp_move_receipt_no__c',
    'exhibition_visit_customer': 'erp_person_id__c',
    'exhibition_visit_history': 'erp_visit_no__c',
    'experience_reservation_customer': 'erp_person_id__c',
    'lead': 'erp_reservation_id__c',
    'opportunity': 'erp_order_no__c',
    'product2': 'erp_goods_code__c',
    'promotion': 'erp_promotion_code__c',
    'public_institution': 'institution_key__c',
    'service_evaluation': 'erp_evaluation_no__c',
    'service_receipt': 'erp_receipt_no__c',
    'shipping_evaluation': 'erp_evaluation_no__c',
    'shipping_info': 'erp_shipping_no__c',
} %}

with

trigger_log as (
    select * from {{ source('heroku_connect', '_trigger_log') }}
),

refused as (
    {% for object, external_id in objects.items() %}
        select
            '{{ object }}' as object_name,
            id as record_id,
            {{ external_id }} as external_id,
            sfid as salesforce_id,
            {{ hc_error_message('_hc_err') }} as message,
            coalesce(isdeleted, false) as is_deleted
        from {{ source('heroku_connect', object) }}
        where _hc_lastop = 'FAILED'
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- The log's entries of these records since the last that Salesforce accepted.
entries as (
    select
        refused.object_name,
        refused.record_id,
        trigger_log.state,
        trigger_log.created_at
    from refused
    inner join trigger_log
        on
            refused.object_name = trigger_log.table_name
            and refused.record_id = trigger_log.record_id
    where
        not exists (
            select 1
            from trigger_log as accepted
            where
                accepted.table_name = trigger_log.table_name
                and accepted.record_id = trigger_log.record_id
                and accepted.state = 'SUCCESS'
                and accepted.id > trigger_log.id
        )
),

histories as (
    select
        object_name,
        record_id,
        min(created_at) filter (where state = 'FAILED') as failed_since,
        bool_or(state in ('NEW', 'PENDING')) as is_queued
    from entries
    group by object_name, record_id
),

failed_writes as (
    select
        refused.object_name,
        refused.record_id,
        refused.external_id,
        refused.salesforce_id,
        refused.message,
        refused.is_deleted,
        histories.failed_since
    from refused
    left join histories
        on
            refused.object_name = histories.object_name
            and refused.record_id = histories.record_id
    -- A write that is queued again is no failure until it is answered.
    where not coalesce(histories.is_queued, false)
)

select * from failed_writes
