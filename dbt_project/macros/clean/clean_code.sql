{# A key or code without padding and in upper case, an empty one null. #}
{% macro clean_code(column) -%}
    {#- The ERP's collation compares codes without regard to case; upper case makes our joins find
        what the ERP's find. -#}
    nullif(upper(btrim({{ column }}, e' \t\r\n')), '')
{%- endmacro %}
