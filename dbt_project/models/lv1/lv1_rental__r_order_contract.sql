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

contracts as (
    select mirror.*
    from {{ source('rental', 'r_order_contract') }} as mirror
    {{ where_changed(key='order_no', source_key='order_no') }}
),

cleaned as (
    select
        {{ clean_code('order_no') }} as order_no,
        {{ clean_code('cust_no') }} as customer_no,
        {{ clean_code('goods_cd') }} as goods_code,
        {{ clean_code('order_status_cd') }} as order_status_code,
        {{ clean_code('order_type_cd') }} as order_type_code,
        {{ clean_code('promotion_cd') }} as promotion_code,
        {{ clean_code('sales_grp_cd') }} as sales_group_code,
        {{ clean_memo('remark') }} as remark,
        month_amt as month_amount_krw,
        total_amt as total_amount_krw,
        rental_month_qty as rental_months,
        {{ yn_to_boolean('cancel_yn') }} as is_cancelled,
        _deleted_at is not null as is_deleted,
        {{ erp_date('cont_dt') }} as contract_date,
        {{ erp_date('cont_start_dt') }} as contract_start_date,
        {{ erp_date('cont_end_dt') }} as contract_end_date,
        {{ erp_date('install_dt') }} as install_date,
        {{ kst_to_utc('insrt_dt') }} as created_at,
        {{ kst_to_utc('updt_dt') }} as updated_at,
        _extracted_at
    from contracts
)

select * from cleaned
