{{
    config(
        unique_key='customer_no',
        indexes=[
            {'columns': ['customer_no'], 'unique': true},
            {'columns': ['_extracted_at']},
        ],
    )
}}

with

customers as (
    select mirror.*
    from {{ source('rental', 'v_customer') }} as mirror
    {{ where_changed(key='customer_no', source_key='cust_no') }}
),

cleaned as (
    select
        {{ clean_code('cust_no') }} as customer_no,
        {{ clean_code('cust_grade_cd') }} as customer_grade_code,
        {{ clean_code('cust_type_cd') }} as customer_type_code,
        {{ clean_code('biz_no') }} as business_no,
        {{ clean_text('cust_nm') }} as customer_name,
        {{ clean_text('tel_no') }} as phone,
        {{ clean_text('hand_tel_no') }} as mobile_phone,
        {{ clean_email('email') }} as email,
        {{ clean_code('zip_cd') }} as postal_code,
        {{ clean_text('addr1') }} as address1,
        {{ clean_text('addr2') }} as address2,
        {{ yn_to_boolean('mkt_agree_yn') }} as has_marketing_consent,
        _deleted_at is not null as is_deleted,
        {{ erp_date('birth_dt') }} as birth_date,
        {{ kst_to_utc('insrt_dt') }} as created_at,
        {{ kst_to_utc('updt_dt') }} as updated_at,
        _extracted_at
    from customers
)

select * from cleaned
