{{
    config(
        unique_key='transmission_no',
        indexes=[
            {'columns': ['transmission_no'], 'unique': true},
            {'columns': ['_extracted_at']},
        ],
    )
}}

with

transmissions as (
    select mirror.*
    from {{ source('rental', 'r_trans_homepage') }} as mirror
    {{ where_changed(key='transmission_no', source_key='trans_no') }}
),

cleaned as (
    select
        {{ clean_code('trans_no') }} as transmission_no,
        {{ clean_code('order_no') }} as order_no,
        {{ clean_code('cust_no') }} as customer_no,
        {{ clean_code('goods_cd') }} as goods_code,
        {{ clean_code('trans_type_cd') }} as transmission_type_code,
        {{ clean_code('result_cd') }} as result_code,
        {{ clean_text('homepage_id') }} as homepage_id,
        {{ clean_text('cust_nm') }} as customer_name,
        {{ mobile_number('hand_tel_no') }} as mobile_number,
        {{ clean_email('email') }} as email,
        {{ clean_code('zip_cd') }} as postal_code,
        {{ clean_text('addr1') }} as address1,
        {{ clean_text('addr2') }} as address2,
        {{ clean_memo('result_memo') }} as result_memo,
        {{ clean_memo('remark') }} as remark,
        retry_qty as retry_count,
        {{ yn_to_boolean('trans_yn') }} as is_transmitted,
        _deleted_at is not null as is_deleted,
        {{ kst_to_utc('request_dt') }} as requested_at,
        {{ kst_to_utc('trans_dt') }} as transmitted_at,
        {{ kst_to_utc('insrt_dt') }} as created_at,
        {{ kst_to_utc('updt_dt') }} as updated_at,
        _extracted_at
    from transmissions
)

select * from cleaned
