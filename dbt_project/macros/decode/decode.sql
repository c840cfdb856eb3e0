{# Joins the name of a code as `<alias>.minor_name`; an unknown code joins to null. #}
{% macro decode_code(alias, column, major_code) -%}
    left join code_master as {{ alias }}
        on
            {{ alias }}.major_code = '{{ major_code }}'
            and {{ column }} = {{ alias }}.minor_code
{%- endmacro %}
