{{
    config(
        unique_key='call_group_code',
        difference_deletes=true,
        on_schema_change='sync_all_columns',
    )
}}

with

call_groups as (
    select * from {{ source('rental', 'r_call_group') }}
),

cleaned as (
    select
        {{ clean_code('call_grp_cd') }} as call_group_code,
        {{ clean_code('upper_call_grp_cd') }} as parent_call_group_code,
        {{ clean_code('call_kind_cd') }} as call_kind_code,
        {{ clean_text('call_grp_nm') }} as call_group_name,
        agent_qty as agent_count,
        {{ yn_to_boolean('use_yn') }} as is_in_use,
        _deleted_at is not null as is_deleted,
        open_tm as opens_at_kst,
        close_tm as closes_at_kst,
        {{ kst_to_utc('insrt_dt') }} as created_at,
        {{ kst_to_utc('updt_dt') }} as updated_at,
        _extracted_at
    from call_groups
)

select * from cleaned
