{{ config(unique_key='order_no', indexes=[{'columns': ['order_no'], 'unique': true}]) }}

with

contracts as (
    select * from {{ ref('lv1_rental__r_order_contract') }}
),

additions as (
    select * from {{ ref('lv1_rental__r_order_contract_add') }}
),

customers as (
    select * from {{ ref('lv2_customer__customer') }}
),

products as (
    select * from {{ ref('lv2_product__product') }}
),

promotions as (
    select * from {{ ref('lv2_product__promotion') }}
),

code_master as (
    select * from {{ ref('lv1_unierp5__code_master') }}
),

address_master as (
    select * from {{ source('address', 'address_master') }}
),

orders as (
    select
        contracts.order_no,
        -- What is marked as deleted is still known: were it not, the deletion of a customer, an
        -- article or a promotion would rewrite every order that names it.
        customers.customer_no,
        products.goods_code,
        promotions.promotion_code,
        contracts.order_status_code,
        contracts.order_type_code,
        contracts.sales_group_code,
        additions.payment_method_code,
        order_status.minor_name as order_status_name,
        order_type.minor_name as order_type_name,
        sales_group.minor_name as sales_group_name,
        payment_method.minor_name as payment_method_name,
        additions.install_postal_code,
        additions.install_address1,
        additions.install_address2,
        {{ refined_columns('refined', prefix='install_') }},
        additions.install_phone,
        contracts.remark,
        contracts.month_amount_krw,
        contracts.total_amount_krw,
        contracts.rental_months,
        additions.payment_day,
        contracts.is_cancelled,
        customers.customer_no is not null as has_known_customer,
        products.goods_code is not null as has_known_product,
        promotions.promotion_code is not null as has_known_promotion,
        contracts.is_deleted,
        contracts.contract_date,
        contracts.contract_start_date,
        contracts.contract_end_date,
        contracts.install_date,
        contracts.created_at,
        greatest(contracts.updated_at, additions.updated_at) as updated_at
    from contracts
    left join additions
        on
            contracts.order_no = additions.order_no
            -- An order that the ERP deletes together with its addition keeps what it last held.
            and (contracts.is_deleted or not additions.is_deleted)
    left join customers on contracts.customer_no = customers.customer_no
    left join products on contracts.goods_code = products.goods_code
    left join promotions on contracts.promotion_code = promotions.promotion_code
    {{ refine('refined', 'additions.install_address1', 'additions.install_address2') }}
    {{ decode('order_status', 'contracts.order_status_code', 'R0001') }}
    {{ decode('order_type', 'contracts.order_type_code', 'R0002') }}
    {{ decode('sales_group', 'contracts.sales_group_code', 'S0001') }}
    {{ decode('payment_method', 'additions.payment_method_code', 'R0007') }}
)

select * from orders
