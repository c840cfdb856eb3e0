{{
    config(
        unique_key='order_no',
        indexes=[
            {'columns': ['order_no'], 'unique': true},
            {'columns': ['_extracted_at']},
        ],
    )
}}

with

contacts as (
    select mirror.*
    from {{ source('rental', 'r_order_cust_info') }} as mirror
    {{ where_changed(key='order_no', source_key='order_no') }}
),

cleaned as (
    select
        {{ clean_code('order_no') }} as order_no,
        {{ clean_code('cust_no') }} as customer_no,
        {{ clean_text('tel_no') }} as phone,
        {{ clean_text('hand_tel_no') }} as mobile_phone,
        {{ clean_email('email') }} as email,
        {{ clean_code('zip_cd') }} as postal_code,
        {{ clean_text('addr1') }} as address1,
        {{ clean_text('addr2') }} as address2,
        _deleted_at is not null as is_deleted,
        {{ kst_to_utc('insrt_dt') }} as created_at,
        {{ kst_to_utc('updt_dt') }} as updated_at,
        _extracted_at
    from contacts
)

select * from cleaned
