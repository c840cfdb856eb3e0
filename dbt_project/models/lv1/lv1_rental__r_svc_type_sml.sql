{{
    config(
        unique_key='symptom_small_code',
        difference_deletes=true,
        on_schema_change='sync_all_columns',
    )
}}

with

symptoms as (
    select * from {{ source('rental', 'r_prod_symptom_sml') }}
),

cleaned as (
    select
        {{ clean_code('symptom_sml_cd') }} as symptom_small_code,
        {{ clean_code('symptom_dtl_cd') }} as symptom_mid_code,
        {{ clean_text('symptom_sml_nm') }} as symptom_small_name,
        repair_min_qty as repair_minutes,
        {{ yn_to_boolean('use_yn') }} as is_in_use,
        _deleted_at is not null as is_deleted,
        _extracted_at
    from symptoms
)

select * from cleaned
