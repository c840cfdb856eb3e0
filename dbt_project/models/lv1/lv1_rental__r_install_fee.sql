{{
    config(
        unique_key=['goods_group_code', 'install_type_code', 'start_date'],
        difference_deletes=true,
        on_schema_change='sync_all_columns',
    )
}}

with

fees as (
    select * from {{ source('rental', 'r_install_fee') }}
),

cleaned as (
    select
        {{ clean_code('goods_grp_cd') }} as goods_group_code,
        {{ clean_code('install_type_cd') }} as install_type_code,
        fee_amt as fee_krw,
        ladder_amt as ladder_amount_krw,
        island_amt as island_amount_krw,
        holiday_rate as holiday_pct,
        {{ yn_to_boolean('use_yn') }} as is_in_use,
        _deleted_at is not null as is_deleted,
        -- Part of the key, so no day of it stands for none.
        start_dt::date as start_date,
        {{ erp_date('end_dt') }} as end_date,
        {{ kst_to_utc('insrt_dt') }} as created_at,
        {{ kst_to_utc('updt_dt') }} as updated_at,
        _extracted_at
    from fees
)

select * from cleaned
