{{
    config(unique_key='item_group_code', difference_deletes=true, on_schema_change='sync_all_columns')
}}

with

item_groups as (
    select * from {{ source('unierp5', 'b_item_group') }}
),

cleaned as (
    select
        {{ clean_code('item_group_cd') }} as item_group_code,
        {{ clean_code('upper_item_group_cd') }} as parent_item_group_code,
        {{ clean_text('item_group_nm') }} as item_group_name,
        lvl as tree_level,
        {{ yn_to_boolean('leaf_flg') }} as is_leaf,
        {{ yn_to_boolean('usage_flag') }} as is_in_use,
        _deleted_at is not null as is_deleted,
        {{ kst_to_utc('insrt_dt') }} as created_at,
        {{ kst_to_utc('updt_dt') }} as updated_at,
        _extracted_at
    from item_groups
)

select * from cleaned
