{# A longitude or latitude in degrees, to the sixth decimal; null for a text that is no such number. #}
{% macro coordinate(column) -%}
    round(substring(btrim({{ column }}) from '^\d{1,3}(?:\.\d+)?$')::numeric, 6)
{%- endmacro %}
