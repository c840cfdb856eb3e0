{# The moment that an ERP datetime, which is Korean local time without a zone, stands for. #}
{% macro kst_to_utc(column) -%}
    ({{ null_sentinel(column) }}) at time zone 'Asia/Seoul'
{%- endmacro %}
