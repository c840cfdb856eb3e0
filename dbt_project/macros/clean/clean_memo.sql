{# Text of many lines: only its ends are trimmed, an empty text becomes null. #}
{% macro clean_memo(column) -%}
    nullif(regexp_replace({{ column }}, '^[\s\u00A0\u3000]+|[\s\u00A0\u3000]+$', '', 'g'), '')
{%- endmacro %}
