{{ config(unique_key='goods_code', difference_deletes=true, on_schema_change='sync_all_columns') }}

with

goods as (
    select * from {{ source('rental', 'r_goods') }}
),

cleaned as (
    select
        {{ clean_code('goods_cd') }} as goods_code,
        {{ clean_code('goods_grp_cd') }} as goods_group_code,
        {{ clean_text('goods_nm') }} as goods_name,
        {{ clean_text('model_nm') }} as model_name,
        sale_price_amt as sale_price_krw,
        month_price_amt as month_price_krw,
        {{ yn_to_boolean('use_yn') }} as is_in_use,
        _deleted_at is not null as is_deleted,
        {{ kst_to_utc('insrt_dt') }} as created_at,
        {{ kst_to_utc('updt_dt') }} as updated_at,
        _extracted_at
    from goods
)

select * from cleaned
