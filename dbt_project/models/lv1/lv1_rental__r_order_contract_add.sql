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

additions as (
    select mirror.*
    from {{ source('rental', 'r_order_contract_add') }} as mirror
    {{ where_changed(key='order_no', source_key='order_no') }}
),

cleaned as (
    select
        {{ clean_code('order_no') }} as order_no,
        {{ clean_code('pay_method_cd') }} as payment_method_code,
        {{ clean_code('install_zip_cd') }} as install_postal_code,
        {{ clean_text('install_addr1') }} as install_address1,
        {{ clean_text('install_addr2') }} as install_address2,
        {{ clean_text('install_tel_no') }} as install_phone,
        pay_day_qty as payment_day,
        _deleted_at is not null as is_deleted,
        {{ kst_to_utc('insrt_dt') }} as created_at,
        {{ kst_to_utc('updt_dt') }} as updated_at,
        _extracted_at
    from additions
)

select * from cleaned
