{% macro hc_assert_target(target) %}
    {%- set name = target.schema ~ '.' ~ target.identifier -%}
    {%- set system = ['id', 'sfid', 'systemmodstamp', 'isdeleted', '_hc_lastop', '_hc_err'] -%}
    {%- set external_id = config.get('external_id') -%}
    {%- set order_by = config.get('order_by', []) -%}
    {%- set order_by = [order_by] if order_by is string else order_by -%}
    {%- set scales = config.get('scales', {}) -%}

    {%- set model_types = hc_column_types("to_regclass('pg_temp.hc_upsert_model')") -%}
    {%- set table_types = hc_column_types(
        "to_regclass('" ~ target.include(database=false) ~ "')"
    ) -%}
    {%- set missing_system = system | reject('in', table_types.keys()) | list -%}
    {% if missing_system %}
        {% do exceptions.raise_compiler_error(
            name ~ ' is not a table of Heroku Connect: it has no ' ~ missing_system | join(', ')
            ~ '. Map the object `' ~ target.identifier
            ~ '` there, once the table of that name is out of the way.'
        ) %}
    {% endif %}

    {%- set faults = [] -%}
    {%- set extra, forbidden, free, mistyped, unscaled = [], [], [], [], [] -%}
    {% for column, type in model_types.items() %}
        {% if column in system or column.startswith('_hc_') %}
            {% do forbidden.append(column) %}
        {% elif column not in table_types %}
            {% do extra.append(column) %}
        {% elif type.name not in hc_accepted_types(table_types[column].name) %}
            {% do mistyped.append(
                column ~ ' is ' ~ type.text ~ ' in the model and ' ~ table_types[column].text
                ~ ' in the table'
            ) %}
        {% elif table_types[column].name == 'float8' and column not in scales %}
            {% do unscaled.append(column) %}
        {% endif %}
    {% endfor %}
    {% for column in table_types %}
        {% if column not in system and not column.startswith('_hc_') and column not in model_types %}
            {% do free.append(column) %}
        {% endif %}
    {% endfor %}
    {% if extra or forbidden %}
        {% do faults.append(
            'the columns do not fit. Not mapped: ' ~ (extra | join(', ') or 'none')
            ~ '. System columns, which only Heroku Connect writes: ' ~ (forbidden | join(', ') or 'none')
            ~ '. Mapped but not in the model: ' ~ (free | join(', ') or 'none') ~ '.'
        ) %}
    {% endif %}
    {% if mistyped %}
        {% do faults.append('the types do not fit: ' ~ mistyped | join('; ') ~ '.') %}
    {% endif %}
    {% if unscaled %}
        {% do faults.append(
            'the config `scales` lacks ' ~ unscaled | join(', ')
            ~ '. Give the decimal places that the Salesforce field has, such as `scales: {'
            ~ unscaled[0] ~ ': 0}`.'
        ) %}
    {% endif %}
    {%- set named = [external_id] + order_by + scales.keys() | list + config.get('late_fields', []) -%}
    {%- set unknown = named | reject('in', model_types.keys()) | unique | list -%}
    {% if unknown %}
        {% do faults.append(
            'the configs `external_id`, `order_by`, `scales` and `late_fields` name ' ~ unknown | join(', ')
            ~ ', which the model does not have. It has ' ~ model_types.keys() | join(', ') ~ '.'
        ) %}
    {% endif %}
    {% if external_id in table_types
        and external_id not in unknown
        and not hc_has_unique_index(target, external_id) %}
        {% do faults.append(
            external_id ~ ' has no unique index in the table. Mark it as the External ID of the mapping'
            ~ ' in Heroku Connect.'
        ) %}
    {% endif %}
    {% do raise_faults(target, faults) %}

    {%- set fields = [] -%}
    {% for column, type in model_types.items() %}
        {%- set field = table_types[column] -%}
        {% do fields.append({
            'name': column, 'type': field.name, 'length': field.length, 'scale': scales.get(column),
            'from_type': type.name,
        }) %}
    {% endfor %}
    {{ return(fields) }}
{% endmacro %}
