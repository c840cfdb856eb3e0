{{
    config(
        unique_key='receipt_no',
        indexes=[
            {'columns': ['receipt_no'], 'unique': true},
            {'columns': ['_extracted_at']},
        ],
    )
}}

with

receipts as (
    select mirror.*
    from {{ source('rental', 'r_service_receipt') }} as mirror
    {{ where_changed(key='receipt_no', source_key='recept_no') }}
),

cleaned as (
    select
        {{ clean_code('recept_no') }} as receipt_no,
        {{ clean_code('order_no') }} as order_no,
        {{ clean_code('cust_no') }} as customer_no,
        {{ clean_code('goods_cd') }} as goods_code,
        {{ clean_code('svc_type_cd') }} as service_type_code,
        {{ clean_code('svc_status_cd') }} as service_status_code,
        {{ clean_code('symptom_hdr_cd') }} as symptom_big_code,
        {{ clean_code('symptom_dtl_cd') }} as symptom_mid_code,
        {{ clean_code('symptom_sml_cd') }} as symptom_small_code,
        {{ clean_text('dec_tel_no') }} as phone,
        {{ clean_text('dec_hand_tel_no') }} as mobile_phone,
        {{ clean_memo('recept_memo') }} as memo,
        svc_amt as service_amount_krw,
        _deleted_at is not null as is_deleted,
        {{ kst_to_utc('recept_dt') }} as received_at,
        {{ kst_to_utc('visit_dt') }} as visited_at,
        {{ kst_to_utc('complete_dt') }} as completed_at,
        {{ kst_to_utc('insrt_dt') }} as created_at,
        {{ kst_to_utc('updt_dt') }} as updated_at,
        _extracted_at
    from receipts
)

select * from cleaned
