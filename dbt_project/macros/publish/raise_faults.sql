{% macro raise_faults(relation, faults) %}
    {% if faults %}
        {% do exceptions.raise_compiler_error(
            relation.schema ~ '.' ~ relation.identifier ~ ': ' ~ faults | join(' Also: ')
        ) %}
    {% endif %}
{% endmacro %}
