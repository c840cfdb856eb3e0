{{
    config(
        unique_key='shipping_no',
        indexes=[
            {'columns': ['shipping_no'], 'unique': true},
            {'columns': ['_extracted_at']},
        ],
    )
}}

with

shippings as (
    select mirror.*
    from {{ source('rental', 'r_shipping_info') }} as mirror
    {{ where_changed(key='shipping_no', source_key='ship_no') }}
),

cleaned as (
    select
        {{ clean_code('ship_no') }} as shipping_no,
        {{ clean_code('order_no') }} as order_no,
        {{ clean_code('recept_no') }} as receipt_no,
        {{ clean_code('cust_no') }} as customer_no,
        {{ clean_code('goods_cd') }} as goods_code,
        {{ clean_code('ship_type_cd') }} as shipping_type_code,
        {{ clean_code('ship_status_cd') }} as shipping_status_code,
        {{ clean_code('delay_reason_cd') }} as delay_reason_code,
        {{ clean_text('recv_nm') }} as recipient_name,
        {{ clean_text('recv_tel_no') }} as phone,
        {{ clean_text('recv_hand_tel_no') }} as mobile_phone,
        {{ clean_code('zip_cd') }} as postal_code,
        {{ clean_text('addr1') }} as address1,
        {{ clean_text('addr2') }} as address2,
        {{ clean_memo('ship_memo') }} as memo,
        ship_amt as shipping_amount_krw,
        ladder_amt as ladder_amount_krw,
        {{ yn_to_boolean('cancel_yn') }} as is_cancelled,
        _deleted_at is not null as is_deleted,
        {{ erp_date('ship_hope_dt') }} as desired_date,
        {{ kst_to_utc('ship_req_dt') }} as requested_at,
        {{ kst_to_utc('ship_dt') }} as shipped_at,
        {{ kst_to_utc('ship_complete_dt') }} as completed_at,
        {{ kst_to_utc('insrt_dt') }} as created_at,
        {{ kst_to_utc('updt_dt') }} as updated_at,
        _extracted_at
    from shippings
)

select * from cleaned
