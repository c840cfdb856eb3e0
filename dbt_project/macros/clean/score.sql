{# What a customer answered, 1 to 5; null for 0, which the ERP writes for no answer. #}
{% macro score(column) -%}
    nullif({{ column }}, 0)
{%- endmacro %}
