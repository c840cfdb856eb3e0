{% macro hc_assert_rows(target, fields) %}
    {%- set limited = fields | selectattr('length') | list -%}
    {%- set faults = key_faults('hc_upsert_rows', [config.get('external_id')]) -%}
    {% if limited %}
        {% call statement('hc_lengths', fetch_result=true) %}
            select
                {% for field in limited -%}
                {%- set column = adapter.quote(field.name) %}
                count(*) filter (where length({{ column }}) > {{ field.length }}) as {{ column }}
                {{- ',' if not loop.last }}
                {% endfor %}
            from hc_upsert_rows
        {% endcall %}
        {%- set too_long = load_result('hc_lengths').table.rows[0] -%}
        {% for field in limited if too_long[field.name] %}
            {% do faults.append(
                field.name ~ ' is longer than the ' ~ field.length ~ ' characters of its field in '
                ~ too_long[field.name] | int ~ ' row(s). Shorten it in the model'
                ~ ' or lengthen the field in Salesforce.'
            ) %}
        {% endfor %}
    {% endif %}
    {% do raise_faults(target, faults) %}
{% endmacro %}
