{# Joins the name of a code of a table of its own as `<alias>.<alias>_name`; an unlisted code joins to
   null. #}
{% macro decode_by(alias, column, lookup) -%}
    {%- do declare_code_list(alias, lookup) -%}
    left join {{ lookup }} as {{ alias }}
        on {{ column }} = {{ alias }}.{{ alias }}_code
{%- endmacro %}
