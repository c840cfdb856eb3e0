{# The calendar day that the ERP shows. Days are Korean days: they are never shifted to UTC. #}
{% macro erp_date(column) -%}
    ({{ null_sentinel(column) }})::date
{%- endmacro %}
