{% macro hc_is_named(target, switch) %}
    {#- A list of tables, a text of them with commas between, or true for all. -#}
    {%- set given = var(switch, env_var('STAIRWAY_' ~ switch | upper, '')) -%}
    {% if given is boolean %}
        {{ return(given) }}
    {% endif %}
    {%- set names = (given.split(',') if given is string else given) | map('trim') | select | list -%}
    {%- set objects = [] -%}
    {%- for node in graph.nodes.values() if node.config.materialized == 'hc_upsert' -%}
        {%- do objects.append(node.alias) -%}
    {%- endfor -%}
    {%- set unknown = names | reject('in', objects) | list -%}
    {#- A name that matches nothing would let the object be published that somebody wanted to stop. -#}
    {% if unknown %}
        {% do exceptions.raise_compiler_error(
            'The var `' ~ switch ~ '` names ' ~ unknown | join(', ') ~ ', which no hc model publishes;'
            ~ ' there are ' ~ objects | sort | join(', ') ~ '.'
        ) %}
    {% endif %}
    {{ return(target.identifier in names) }}
{% endmacro %}
