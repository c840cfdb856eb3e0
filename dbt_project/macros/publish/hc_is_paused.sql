{% macro hc_is_paused(target) %}
    {%- set paused = var('hc_pause', []) -%}
    {%- set paused = [paused] if paused is string else paused -%}
    {%- set objects = [] -%}
    {%- for node in graph.nodes.values() if node.config.materialized == 'hc_upsert' -%}
        {%- do objects.append(node.alias) -%}
    {%- endfor -%}
    {%- set unknown = paused | reject('in', objects) | list -%}
    {#- A name that matches nothing would let the object be published that somebody wanted to stop. -#}
    {% if unknown %}
        {% do exceptions.raise_compiler_error(
            'The var `hc_pause` names ' ~ unknown | join(', ') ~ ', which no hc model publishes; there are '
            ~ objects | sort | join(', ') ~ '.'
        ) %}
    {% endif %}
    {{ return(target.identifier in paused) }}
{% endmacro %}
