{{ config(unique_key='person_id', indexes=[{'columns': ['person_id'], 'unique': true}]) }}

with

visits as (
    select * from {{ ref('lv2_visit__exhibition_visit') }}
),

-- As in lv2_visit__reservation_customer, the latest visit that is there speaks.
ranked as (
    select
        *,
        row_number() over (
            partition by person_id order by is_deleted asc, created_at desc, visit_no desc
        ) as place
    from visits
),

counted as (
    select
        person_id,
        -- Not each visit is booked on the customer: the latest one that is says who it is.
        (
            array_agg(customer_no order by place) filter (where customer_no is not null)
        )[1] as customer_no,
        count(*) filter (where not is_deleted) as visit_count,
        count(*) filter (where not is_deleted and is_contracted) as contract_count,
        bool_and(is_deleted) as is_deleted,
        coalesce(min(visited_at) filter (where not is_deleted), min(visited_at))
            as first_visited_at,
        coalesce(max(visited_at) filter (where not is_deleted), max(visited_at))
            as last_visited_at
    from ranked
    group by person_id
),

visitors as (
    select
        latest.person_id,
        latest.visit_no as latest_visit_no,
        counted.customer_no,
        latest.customer_name,
        latest.phone,
        latest.mobile_number,
        latest.email,
        counted.visit_count,
        counted.contract_count,
        latest.has_marketing_consent,
        counted.is_deleted,
        counted.first_visited_at,
        counted.last_visited_at
    from ranked as latest
    inner join counted on latest.person_id = counted.person_id
    where latest.place = 1
)

select * from visitors
