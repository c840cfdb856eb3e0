{% macro hc_error_message(column) -%}
    case when left({{ column }}, 1) = '{' then {{ column }}::json ->> 'msg' else {{ column }} end
{%- endmacro %}
