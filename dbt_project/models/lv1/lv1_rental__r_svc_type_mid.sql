{{
    config(
        unique_key='symptom_mid_code',
        difference_deletes=true,
        on_schema_change='sync_all_columns',
    )
}}

with

symptoms as (
    select * from {{ source('rental', 'r_prod_symptom_dtl') }}
),

cleaned as (
    select
        {{ clean_code('symptom_dtl_cd') }} as symptom_mid_code,
        {{ clean_code('symptom_hdr_cd') }} as symptom_big_code,
        {{ clean_text('symptom_dtl_nm') }} as symptom_mid_name,
        {{ yn_to_boolean('use_yn') }} as is_in_use,
        _deleted_at is not null as is_deleted,
        _extracted_at
    from symptoms
)

select * from cleaned
