{{
    config(unique_key='sales_org_code', difference_deletes=true, on_schema_change='sync_all_columns')
}}

with

orgs as (
    select * from {{ source('unierp5', 'b_sale_org') }}
),

cleaned as (
    select
        {{ clean_code('sales_org') }} as sales_org_code,
        {{ clean_code('upper_sales_org') }} as parent_sales_org_code,
        {{ clean_text('sales_org_nm') }} as sales_org_name,
        lvl as tree_level,
        {{ yn_to_boolean('end_org_flag') }} as is_leaf,
        {{ yn_to_boolean('usage_flag') }} as is_in_use,
        _deleted_at is not null as is_deleted,
        {{ kst_to_utc('insrt_dt') }} as created_at,
        {{ kst_to_utc('updt_dt') }} as updated_at,
        _extracted_at
    from orgs
)

select * from cleaned
