{% macro hc_accepted_types(type) %}
    {%- set conversions = {
        'varchar': ['varchar', 'text', 'bpchar'],
        'text': ['text', 'varchar', 'bpchar'],
        'float8': ['float8', 'float4', 'numeric', 'int2', 'int4', 'int8'],
        'timestamp': ['timestamp', 'timestamptz'],
    } -%}
    {{ return(conversions.get(type, [type])) }}
{% endmacro %}
