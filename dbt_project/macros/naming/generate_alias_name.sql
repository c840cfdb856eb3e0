{# `lv1_rental__r_order_contract` is the file and the model, `r_order_contract` the relation. #}
{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
    {%- if custom_alias_name -%}
        {{ custom_alias_name | trim }}
    {%- else -%}
        {{ node.name.split('__', 1) | last }}
    {%- endif -%}
{%- endmacro %}
