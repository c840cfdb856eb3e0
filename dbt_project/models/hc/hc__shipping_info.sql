-- Parents are published first:
-- depends_on: {{ ref('hc__account') }}
-- depends_on: {{ ref('hc__opportunity') }}
-- depends_on: {{ ref('hc__product2') }}
-- depends_on: {{ ref('hc__service_receipt') }}
{{
    config(
        external_id='erp_shipping_no__c',
        order_by=['opportunity__r__erp_order_no__c'],
        scales={
            'address_accuracy__c': 3,
            'longitude__c': 6,
            'latitude__c': 6,
            'shipping_amount__c': 2,
            'ladder_amount__c': 2,
        },
        late_fields=refined_field_names(),
    )
}}

with

shippings as (
    select * from {{ ref('lv2_shipping__shipping') }}
),

service_picklists as (
    select * from {{ ref('service_picklists') }}
),

shipping_infos as (
    select
        shippings.shipping_no as erp_shipping_no__c,
        shippings.customer_no as account__r__erp_customer_id__c,
        shippings.order_no as opportunity__r__erp_order_no__c,
        shippings.goods_code as product__r__erp_goods_code__c,
        shippings.receipt_no as service_receipt__r__erp_receipt_no__c,
        shippings.shipping_no as name,
        {{ picklist_or_unknown('shippings.shipping_status_code', 'statuses.picklist_value') }}
            as status__c,
        shippings.shipping_status_code as shipping_status_code__c,
        shippings.shipping_status_name as shipping_status_name__c,
        shippings.shipping_type_code as shipping_type_code__c,
        shippings.shipping_type_name as shipping_type_name__c,
        shippings.delay_reason_code as delay_reason_code__c,
        shippings.delay_reason_name as delay_reason_name__c,
        shippings.recipient_name as recipient_name__c,
        shippings.phone as phone__c,
        shippings.mobile_phone as mobile_phone__c,
        shippings.postal_code as postal_code__c,
        shippings.address1 as address1__c,
        shippings.address2 as address2__c,
        {{ refined_fields('shippings') }},
        shippings.memo as memo__c,
        shippings.shipping_amount_krw::double precision as shipping_amount__c,
        shippings.ladder_amount_krw::double precision as ladder_amount__c,
        coalesce(shippings.is_cancelled, false) as cancelled__c,
        shippings.is_deleted as erp_deleted__c,
        shippings.desired_date as desired_date__c,
        {{ salesforce_datetime('shippings.requested_at') }} as requested_at__c,
        {{ salesforce_datetime('shippings.shipped_at') }} as shipped_at__c,
        {{ salesforce_datetime('shippings.completed_at') }} as completed_at__c,
        {{ salesforce_datetime('shippings.created_at') }} as erp_created_at__c
    from shippings
    left join service_picklists as statuses
        on
            statuses.major_code = 'R0009'
            and shippings.shipping_status_code = statuses.minor_code
)

select * from shipping_infos
