{# Joins the name of a code of B_MINOR as `<alias>.minor_name`; an unlisted code joins to null. #}
{% macro decode(alias, column, major_code) -%}
    {%- do declare_code_list(alias, major_code) -%}
    left join code_master as {{ alias }}
        on
            {{ alias }}.major_code = '{{ major_code }}'
            and {{ column }} = {{ alias }}.minor_code
{%- endmacro %}
