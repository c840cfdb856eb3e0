{{
    config(
        unique_key='promotion_code',
        difference_deletes=true,
        on_schema_change='sync_all_columns',
    )
}}

with

promotions as (
    select * from {{ source('rental', 'r_promotion') }}
),

cleaned as (
    select
        {{ clean_code('promotion_cd') }} as promotion_code,
        {{ clean_code('promotion_type_cd') }} as promotion_type_code,
        {{ clean_code('goods_grp_cd') }} as goods_group_code,
        {{ clean_text('promotion_nm') }} as promotion_name,
        {{ clean_text('gift_nm') }} as gift_name,
        discount_amt as discount_amount_krw,
        discount_rate as discount_pct,
        free_month_qty as free_months,
        {{ yn_to_boolean('use_yn') }} as is_in_use,
        _deleted_at is not null as is_deleted,
        {{ erp_date('start_dt') }} as start_date,
        {{ erp_date('end_dt') }} as end_date,
        {{ kst_to_utc('insrt_dt') }} as created_at,
        {{ kst_to_utc('updt_dt') }} as updated_at,
        _extracted_at
    from promotions
)

select * from cleaned
