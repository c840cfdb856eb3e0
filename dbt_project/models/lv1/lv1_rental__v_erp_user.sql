{{ config(unique_key='user_id', difference_deletes=true, on_schema_change='sync_all_columns') }}

with

users as (
    select * from {{ source('rental', 'v_erp_user') }}
),

cleaned as (
    select
        {{ clean_code('usr_id') }} as user_id,
        {{ clean_code('dept_cd') }} as department_code,
        {{ clean_code('sales_grp_cd') }} as sales_group_code,
        {{ clean_text('usr_nm') }} as user_name,
        {{ clean_text('dept_nm') }} as department_name,
        {{ clean_text('position_nm') }} as position_name,
        {{ clean_text('tel_no') }} as phone,
        {{ clean_text('hand_tel_no') }} as mobile_phone,
        {{ clean_email('email') }} as email,
        {{ yn_to_boolean('use_yn') }} as is_in_use,
        _deleted_at is not null as is_deleted,
        {{ erp_date('enter_dt') }} as entry_date,
        {{ erp_date('retire_dt') }} as retirement_date,
        {{ kst_to_utc('insrt_dt') }} as created_at,
        {{ kst_to_utc('updt_dt') }} as updated_at,
        _extracted_at
    from users
)

select * from cleaned
