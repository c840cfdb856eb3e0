{{ config(unique_key='customer_no', indexes=[{'columns': ['customer_no'], 'unique': true}]) }}

with

customers as (
    select * from {{ ref('lv1_rental__v_customer') }}
),

code_master as (
    select * from {{ ref('lv1_unierp5__code_master') }}
),

decoded as (
    select
        customers.customer_no,
        customers.customer_grade_code,
        customers.customer_type_code,
        customer_grade.minor_name as customer_grade_name,
        customer_type.minor_name as customer_type_name,
        customers.customer_name,
        customers.phone,
        customers.mobile_phone,
        customers.email,
        customers.postal_code,
        customers.address1,
        customers.address2,
        customers.has_marketing_consent,
        customers.is_deleted,
        customers.birth_date,
        customers.created_at,
        customers.updated_at
    from customers
    {{ decode('customer_grade', 'customers.customer_grade_code', 'R0005') }}
    {{ decode('customer_type', 'customers.customer_type_code', 'R0006') }}
)

select * from decoded
