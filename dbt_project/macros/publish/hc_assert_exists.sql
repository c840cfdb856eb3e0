{% macro hc_assert_exists(target) %}
    {% if not hc_column_types("to_regclass('" ~ target.include(database=false) ~ "')") %}
        {% do exceptions.raise_compiler_error(
            target.schema ~ '.' ~ target.identifier ~ ' does not exist, and only Heroku Connect may create it.'
            ~ ' Map the object `' ~ target.identifier ~ '` there with the fields '
            ~ model.columns.keys() | join(', ') ~ ' (External ID: ' ~ config.get('external_id') ~ ').'
        ) %}
    {% endif %}
{% endmacro %}
