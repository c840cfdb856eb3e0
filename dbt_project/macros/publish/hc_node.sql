{% macro hc_node(object) %}
    {%- set objects = {} -%}
    {%- for node in graph.nodes.values() if node.config.materialized == 'hc_upsert' -%}
        {%- do objects.update({node.alias: node}) -%}
    {%- endfor -%}
    {% if object not in objects %}
        {% do exceptions.raise_compiler_error(
            'No hc model publishes `' ~ object ~ '`; there are ' ~ objects.keys() | sort | join(', ') ~ '.'
        ) %}
    {% endif %}
    {{ return(objects[object]) }}
{% endmacro %}
