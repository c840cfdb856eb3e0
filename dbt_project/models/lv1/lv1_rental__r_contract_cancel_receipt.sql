{{
    config(
        unique_key='cancel_receipt_no',
        indexes=[
            {'columns': ['cancel_receipt_no'], 'unique': true},
            {'columns': ['_extracted_at']},
        ],
    )
}}

with

receipts as (
    select mirror.*
    from {{ source('rental', 'r_contract_cancel_receipt') }} as mirror
    {{ where_changed(key='cancel_receipt_no', source_key='cancel_recept_no') }}
),

cleaned as (
    select
        {{ clean_code('cancel_recept_no') }} as cancel_receipt_no,
        {{ clean_code('order_no') }} as order_no,
        {{ clean_code('cust_no') }} as customer_no,
        {{ clean_code('cancel_status_cd') }} as cancel_status_code,
        {{ clean_code('cancel_reason_cd') }} as cancel_reason_code,
        {{ clean_code('charge_grp_cd') }} as sales_group_code,
        {{ clean_text('tel_no') }} as phone,
        {{ clean_memo('cancel_memo') }} as memo,
        penalty_amt as penalty_krw,
        refund_amt as refund_krw,
        {{ yn_to_boolean('withdraw_yn') }} as is_withdrawn,
        _deleted_at is not null as is_deleted,
        {{ erp_date('cancel_hope_dt') }} as requested_end_date,
        {{ erp_date('collect_dt') }} as collection_date,
        {{ kst_to_utc('recept_dt') }} as received_at,
        {{ kst_to_utc('complete_dt') }} as completed_at,
        {{ kst_to_utc('insrt_dt') }} as created_at,
        {{ kst_to_utc('updt_dt') }} as updated_at,
        _extracted_at
    from receipts
)

select * from cleaned
