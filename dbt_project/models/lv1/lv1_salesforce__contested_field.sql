{{
    config(
        unique_key=['object_name', 'external_id', 'field_name'],
        difference_deletes=true,
        on_schema_change='sync_all_columns',
        tags=['answers'],
    )
}}

with

contests as (
    select * from {{ source('ops', 'hc_contests') }}
),

contested_fields as (
    select
        split_part(relation, '.', 2) as object_name,
        external_id,
        field as field_name,
        rounds as round_count,
        first_at as contested_since,
        last_at as last_written_at
    from contests
)

select * from contested_fields
