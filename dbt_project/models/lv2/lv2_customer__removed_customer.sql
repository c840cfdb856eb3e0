{{ config(unique_key='customer_no', indexes=[{'columns': ['customer_no'], 'unique': true}]) }}

with

customers as (
    select * from {{ ref('lv1_rental__v_customer') }}
),

contracts as (
    select * from {{ ref('lv1_rental__r_order_contract') }}
),

service_receipts as (
    select * from {{ ref('lv1_rental__r_service_receipt') }}
),

visits as (
    select * from {{ ref('lv1_rental__r_exhibition_visit') }}
),

-- First rule: the ERP has no such customer any more.
gone as (
    select
        customer_no,
        'gone' as removal_reason,
        null::text as merged_into_customer_no,
        true as is_deleted
    from customers
    where is_deleted
),

identified as (
    select
        customer_no,
        created_at,
        coalesce(
            -- 000-00-00000 is what the ERP's users type where a number is asked for.
            nullif(nullif(regexp_replace(business_no, '[^0-9]', '', 'g'), ''), '0000000000'),
            lower(replace(customer_name, ' ', ''))
            || '|' || nullif(regexp_replace(mobile_phone, '[^0-9]', '', 'g'), '')
        ) as identity_key
    from customers
    where not is_deleted
),

succeeded as (
    select
        customer_no,
        first_value(customer_no) over (
            partition by identity_key
            order by created_at desc, customer_no desc
        ) as latest_customer_no
    from identified
    where identity_key is not null
),

-- Second rule: of the numbers of one firm or person that are left, the latest stands for all.
merged as (
    select
        customer_no,
        'merged' as removal_reason,
        latest_customer_no as merged_into_customer_no,
        false as is_deleted
    from succeeded
    where customer_no <> latest_customer_no
),

left_over as (
    select customers.*
    from customers
    left join merged on customers.customer_no = merged.customer_no
    where not customers.is_deleted and merged.customer_no is null
),

holders as (
    select customer_no from contracts
    where not is_deleted
    union
    select customer_no from service_receipts
    where not is_deleted
    union
    select customer_no from visits
    where not is_deleted
),

-- What hangs on a number hangs on the one that it was merged into, too.
held as (
    select distinct coalesce(merged.merged_into_customer_no, holders.customer_no) as customer_no
    from holders
    left join merged on holders.customer_no = merged.customer_no
),

-- Third rule: of those left, the dormant ones on which nothing hangs any more. R0005 E is 휴면.
dormant as (
    select
        left_over.customer_no,
        'dormant' as removal_reason,
        null::text as merged_into_customer_no,
        false as is_deleted
    from left_over
    left join held on left_over.customer_no = held.customer_no
    where left_over.customer_grade_code = 'E' and held.customer_no is null
),

removed as (
    select * from gone
    union all
    select * from merged
    union all
    select * from dormant
)

select * from removed
