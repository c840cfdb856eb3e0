{# The value of a restricted picklist that stands for a code: none for no code, and Unknown for one
   that the picklist's seed doesn't list. #}
{% macro picklist_or_unknown(code, value) -%}
    case when {{ code }} is not null then coalesce({{ value }}, 'Unknown') end
{%- endmacro %}
