{{
    config(unique_key='sales_group_code', difference_deletes=true, on_schema_change='sync_all_columns')
}}

with

sales_groups as (
    select * from {{ source('unierp5', 'b_sales_grp') }}
),

cleaned as (
    select
        {{ clean_code('sales_grp') }} as sales_group_code,
        {{ clean_code('sales_org') }} as sales_org_code,
        {{ clean_code('cost_cd') }} as cost_center_code,
        {{ clean_text('sales_grp_nm') }} as sales_group_name,
        {{ yn_to_boolean('usage_flag') }} as is_in_use,
        _deleted_at is not null as is_deleted,
        {{ erp_date('valid_from_dt') }} as valid_from_date,
        {{ erp_date('valid_to_dt') }} as valid_to_date,
        {{ kst_to_utc('insrt_dt') }} as created_at,
        {{ kst_to_utc('updt_dt') }} as updated_at,
        _extracted_at
    from sales_groups
)

select * from cleaned
