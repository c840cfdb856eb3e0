{{ config(unique_key=['object_name', 'record_id'], tags=['answers']) }}

with

failed_writes as (
    select * from {{ ref('lv1_salesforce__failed_write') }}
),

owners as (
    select * from {{ ref('salesforce_error_owners') }}
),

-- An owner named for the object wins over one for any, a longer text over a shorter one.
owned as (
    select distinct on (failed_writes.object_name, failed_writes.record_id)
        failed_writes.object_name,
        failed_writes.record_id,
        failed_writes.external_id,
        failed_writes.message,
        owners.owner,
        failed_writes.failed_since
    from failed_writes
    left join owners
        on
            owners.object_name in (failed_writes.object_name, 'any')
            and position(lower(owners.message_part) in lower(failed_writes.message)) > 0
    order by
        failed_writes.object_name asc,
        failed_writes.record_id asc,
        coalesce(owners.object_name = 'any', true) asc,
        length(owners.message_part) desc
)

select * from owned
