{{ config(unique_key=['object_name', 'field_name'], tags=['answers']) }}

with

contested_fields as (
    select * from {{ ref('lv1_salesforce__contested_field') }}
),

-- Once is a change that somebody made in Salesforce; twice is two systems.
repeated as (
    select
        *,
        row_number() over (
            partition by object_name, field_name order by last_written_at desc, external_id asc
        ) as place
    from contested_fields
    where round_count >= 2
),

fields as (
    select
        object_name,
        field_name,
        count(*) as record_count,
        max(round_count) as round_count,
        string_agg(external_id, ', ' order by place) filter (where place <= 5) as sample,
        min(contested_since) as contested_since,
        max(last_written_at) as last_written_at
    from repeated
    group by object_name, field_name
)

select * from fields
