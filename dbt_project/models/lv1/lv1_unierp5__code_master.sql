{{
    config(
        unique_key=['major_code', 'minor_code'],
        difference_deletes=true,
        on_schema_change='sync_all_columns',
    )
}}

with

majors as (
    select * from {{ source('unierp5', 'b_major') }}
),

minors as (
    select * from {{ source('unierp5', 'b_minor') }}
),

code_lists as (
    select
        {{ clean_code('major_cd') }} as major_code,
        {{ clean_text('major_nm') }} as major_name,
        _extracted_at
    from majors
),

codes as (
    select
        {{ clean_code('major_cd') }} as major_code,
        {{ clean_code('minor_cd') }} as minor_code,
        {{ clean_text('minor_nm') }} as minor_name,
        _deleted_at is not null as is_deleted,
        _extracted_at
    from minors
),

named as (
    select
        codes.major_code,
        codes.minor_code,
        code_lists.major_name,
        codes.minor_name,
        codes.is_deleted,
        greatest(codes._extracted_at, code_lists._extracted_at) as _extracted_at
    from codes
    left join code_lists on codes.major_code = code_lists.major_code
)

select * from named
