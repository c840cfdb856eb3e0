{{ config(unique_key=['entity', 'column_name', 'code']) }}

{#- All models that call `decode` or `decode_by`; what they decode is theirs to say. -#}
{%- set models = [
    'lv2_contract__contract_cancel',
    'lv2_contract__contract_move',
    'lv2_customer__customer',
    'lv2_product__product',
    'lv2_sales__order',
    'lv2_service__service_evaluation',
    'lv2_service__service_receipt',
    'lv2_shipping__shipping',
    'lv2_shipping__shipping_evaluation',
    'lv2_product__promotion',
    'lv2_sales__sales_lounge',
    'lv2_visit__experience_reservation',
    'lv2_visit__exhibition_visit',
] -%}
{%- set selects = [] -%}

with

codes as (
    {% for model_name in models %}
        {%- set relation = ref(model_name) %}
        {%- for alias, code_list in decoded_codes().get(model_name, []) %}
            {{- 'union all' if selects }}
            {%- do selects.append(alias) %}
            select
                '{{ model_name.split("__")[1] }}' as entity,
                '{{ alias }}_code' as column_name,
                '{{ code_list }}' as code_list,
                {{ alias }}_code as code,
                {{ alias }}_name as name
            from {{ relation }}
        {% endfor %}
    {%- endfor %}
),

unknown_codes as (
    select
        entity,
        column_name,
        code_list,
        code,
        count(*) as row_count
    from codes
    where code is not null and name is null
    group by entity, column_name, code_list, code
)

select * from unknown_codes
