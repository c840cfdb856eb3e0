{{ config(unique_key='person_id', indexes=[{'columns': ['person_id'], 'unique': true}]) }}

with

reservations as (
    select * from {{ ref('lv2_visit__experience_reservation') }}
),

-- What a person said last holds; a reservation that is gone speaks only where all are.
ranked as (
    select
        *,
        row_number() over (
            partition by person_id
            order by is_deleted asc, created_at desc, reservation_no desc, reservation_seq desc
        ) as place
    from reservations
),

counted as (
    select
        person_id,
        count(*) filter (where not is_deleted) as reservation_count,
        count(*) filter (where not is_deleted and is_contracted) as contract_count,
        bool_and(is_deleted) as is_deleted,
        coalesce(min(created_at) filter (where not is_deleted), min(created_at)) as created_at
    from reservations
    group by person_id
),

persons as (
    select
        latest.person_id,
        latest.reservation_id as latest_reservation_id,
        latest.sales_group_code,
        latest.visit_status_code,
        latest.sales_group_name,
        latest.visit_status_name,
        latest.homepage_id,
        latest.customer_name,
        latest.phone,
        latest.mobile_number,
        latest.remark,
        counted.reservation_count,
        counted.contract_count,
        latest.has_marketing_consent,
        counted.is_deleted,
        latest.reserved_at,
        counted.created_at
    from ranked as latest
    inner join counted on latest.person_id = counted.person_id
    where latest.place = 1
)

select * from persons
