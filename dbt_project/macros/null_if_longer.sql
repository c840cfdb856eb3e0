{# The text, or null where Salesforce's field is too short for it: a cut address or number would reach
   a stranger, and a text that is too long would stop the whole object. #}
{% macro null_if_longer(column, length) -%}
    case when length({{ column }}) <= {{ length }} then {{ column }} end
{%- endmacro %}
