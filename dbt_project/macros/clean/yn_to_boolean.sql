{# True for Y, false for N in either case, null for anything else. #}
{% macro yn_to_boolean(column) -%}
    case upper(btrim({{ column }})) when 'Y' then true when 'N' then false end
{%- endmacro %}
