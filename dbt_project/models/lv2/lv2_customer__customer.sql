{{ config(unique_key='customer_no', indexes=[{'columns': ['customer_no'], 'unique': true}]) }}

with

customers as (
    select * from {{ ref('lv1_rental__v_customer') }}
),

order_contacts as (
    select * from {{ ref('lv1_rental__r_order_cust_info') }}
),

removed_customers as (
    select * from {{ ref('lv2_customer__removed_customer') }}
),

code_master as (
    select * from {{ ref('lv1_unierp5__code_master') }}
),

address_master as (
    select * from {{ source('address', 'address_master') }}
),

-- Of the contacts that the ERP holds for a customer, the latest that says anything.
latest_contacts as (
    select distinct on (customer_no) *
    from order_contacts
    where not is_deleted and coalesce(phone, mobile_phone, email, address1) is not null
    order by customer_no asc, created_at desc, order_no desc
),

-- A contact given with an order only fills what the customer's own row lacks. An address is one
-- thing: its parts never come from two places.
contacts as (
    select
        customers.customer_no,
        coalesce(customers.phone, latest_contacts.phone) as phone,
        coalesce(customers.mobile_phone, latest_contacts.mobile_phone) as mobile_phone,
        coalesce(customers.email, latest_contacts.email) as email,
        case
            when customers.address1 is null and latest_contacts.address1 is not null
                then latest_contacts.postal_code
            else customers.postal_code
        end as postal_code,
        coalesce(customers.address1, latest_contacts.address1) as address1,
        case
            when customers.address1 is null and latest_contacts.address1 is not null
                then latest_contacts.address2
            else customers.address2
        end as address2
    from customers
    left join latest_contacts on customers.customer_no = latest_contacts.customer_no
),

conformed as (
    select
        customers.customer_no,
        removed_customers.merged_into_customer_no,
        customers.customer_grade_code,
        customers.customer_type_code,
        removed_customers.removal_reason,
        customer_grade.minor_name as customer_grade_name,
        customer_type.minor_name as customer_type_name,
        customers.customer_name,
        contacts.phone,
        contacts.mobile_phone,
        contacts.email,
        contacts.postal_code,
        contacts.address1,
        contacts.address2,
        {{ refined_columns('refined') }},
        customers.has_marketing_consent,
        customers.is_deleted,
        customers.birth_date,
        customers.created_at,
        customers.updated_at
    from customers
    inner join contacts on customers.customer_no = contacts.customer_no
    left join removed_customers on customers.customer_no = removed_customers.customer_no
    {{ refine('refined', 'contacts.address1', 'contacts.address2') }}
    {{ decode('customer_grade', 'customers.customer_grade_code', 'R0005') }}
    {{ decode('customer_type', 'customers.customer_type_code', 'R0006') }}
)

select * from conformed
