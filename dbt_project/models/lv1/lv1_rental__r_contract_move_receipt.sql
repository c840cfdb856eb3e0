{{
    config(
        unique_key='move_receipt_no',
        indexes=[
            {'columns': ['move_receipt_no'], 'unique': true},
            {'columns': ['_extracted_at']},
        ],
    )
}}

with

receipts as (
    select mirror.*
    from {{ source('rental', 'r_contract_move_receipt') }} as mirror
    {{ where_changed(key='move_receipt_no', source_key='move_recept_no') }}
),

cleaned as (
    select
        {{ clean_code('move_recept_no') }} as move_receipt_no,
        {{ clean_code('order_no') }} as order_no,
        {{ clean_code('cust_no') }} as customer_no,
        {{ clean_code('move_status_cd') }} as move_status_code,
        {{ clean_code('from_zip_cd') }} as from_postal_code,
        {{ clean_text('from_addr1') }} as from_address1,
        {{ clean_text('from_addr2') }} as from_address2,
        {{ clean_code('to_zip_cd') }} as to_postal_code,
        {{ clean_text('to_addr1') }} as to_address1,
        {{ clean_text('to_addr2') }} as to_address2,
        {{ clean_text('to_tel_no') }} as to_phone,
        {{ clean_memo('remark') }} as remark,
        move_amt as move_amount_krw,
        {{ yn_to_boolean('pay_yn') }} as is_paid,
        _deleted_at is not null as is_deleted,
        {{ erp_date('move_hope_dt') }} as requested_date,
        {{ kst_to_utc('recept_dt') }} as received_at,
        {{ kst_to_utc('move_dt') }} as moved_at,
        {{ kst_to_utc('complete_dt') }} as completed_at,
        {{ kst_to_utc('insrt_dt') }} as created_at,
        {{ kst_to_utc('updt_dt') }} as updated_at,
        _extracted_at
    from receipts
)

select * from cleaned
