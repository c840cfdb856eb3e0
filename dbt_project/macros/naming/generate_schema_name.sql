{# The layer is the schema, in every target: `lv1`, never `public_lv1`. #}
{% macro generate_schema_name(custom_schema_name=none, node=none) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
