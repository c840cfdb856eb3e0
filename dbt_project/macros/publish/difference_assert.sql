{% macro difference_assert(target, delta, keys, ignored, columns, predicates) %}
    {%- set faults = [] -%}
    {%- set unknown = ((keys or []) + ignored) | reject('in', columns) | list -%}
    {% if not keys %}
        {% do faults.append(
            'the strategy `difference` needs the config `unique_key`, a column or a list of columns.'
        ) %}
    {% endif %}
    {% if predicates %}
        {% do faults.append(
            'the strategy `difference` compares whole tables and takes no `incremental_predicates`.'
        ) %}
    {% endif %}
    {% if unknown %}
        {% do faults.append(
            'the configs `unique_key` and `difference_ignore` name ' ~ unknown | join(', ')
            ~ ', which the table does not have. It has ' ~ columns | join(', ') ~ '.'
        ) %}
    {% endif %}
    {% do raise_faults(target, faults or key_faults(delta, keys)) %}
{% endmacro %}
