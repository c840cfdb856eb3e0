-- Parents are published first:
-- depends_on: {{ ref('hc__account') }}
-- depends_on: {{ ref('hc__product2') }}
-- depends_on: {{ ref('hc__promotion') }}
{{
    config(
        external_id='erp_order_no__c',
        order_by=['account__erp_customer_id__c'],
        scales={
            'install_address_accuracy__c': 3,
            'install_longitude__c': 6,
            'install_latitude__c': 6,
            'amount': 2,
            'month_amount__c': 2,
            'rental_months__c': 0,
            'payment_day__c': 0,
        },
        late_fields=refined_field_names('install_'),
    )
}}

with

orders as (
    select * from {{ ref('lv2_sales__order') }}
),

order_stages as (
    select * from {{ ref('order_stages') }}
),

opportunities as (
    select
        orders.order_no as erp_order_no__c,
        -- References only: a parent's name in here would make its change write every child.
        orders.customer_no as account__erp_customer_id__c,
        orders.goods_code as product__r__erp_goods_code__c,
        orders.promotion_code as promotion__r__erp_promotion_code__c,
        orders.order_no as name,
        coalesce(order_stages.stage_name, 'Unknown') as stagename,
        orders.order_status_code as order_status_code__c,
        orders.order_status_name as order_status_name__c,
        orders.order_type_code as order_type_code__c,
        orders.order_type_name as order_type_name__c,
        orders.sales_group_code as sales_group_code__c,
        orders.sales_group_name as sales_group_name__c,
        orders.payment_method_code as payment_method_code__c,
        orders.payment_method_name as payment_method_name__c,
        orders.install_postal_code as install_postal_code__c,
        orders.install_address1 as install_address1__c,
        orders.install_address2 as install_address2__c,
        {{ refined_fields('orders', prefix='install_') }},
        orders.install_phone as install_phone__c,
        orders.remark as description,
        orders.total_amount_krw::double precision as amount,
        orders.month_amount_krw::double precision as month_amount__c,
        orders.rental_months::double precision as rental_months__c,
        orders.payment_day::double precision as payment_day__c,
        coalesce(orders.is_cancelled, false) as cancelled__c,
        orders.is_deleted as erp_deleted__c,
        -- Salesforce refuses an opportunity without a close date: the day of entry stands in.
        coalesce(
            orders.contract_date, (orders.created_at at time zone 'Asia/Seoul')::date
        ) as closedate,
        orders.contract_start_date as contract_start_date__c,
        orders.contract_end_date as contract_end_date__c,
        orders.install_date as install_date__c,
        {{ salesforce_datetime('orders.created_at') }} as erp_created_at__c
    from orders
    left join order_stages on orders.order_status_code = order_stages.order_status_code
)

select * from opportunities
