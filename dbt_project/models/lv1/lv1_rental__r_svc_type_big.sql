{{
    config(
        unique_key='symptom_big_code',
        difference_deletes=true,
        on_schema_change='sync_all_columns',
    )
}}

with

symptoms as (
    select * from {{ source('rental', 'r_prod_symptom_hdr') }}
),

cleaned as (
    select
        {{ clean_code('symptom_hdr_cd') }} as symptom_big_code,
        {{ clean_code('goods_grp_cd') }} as goods_group_code,
        {{ clean_text('symptom_hdr_nm') }} as symptom_big_name,
        {{ yn_to_boolean('use_yn') }} as is_in_use,
        _deleted_at is not null as is_deleted,
        _extracted_at
    from symptoms
)

select * from cleaned
