{% macro store_model_load_result() %}
    {% call statement('model_load', fetch_result=true) %}
        select rows_updated, rows_inserted, rows_deleted
        from ops.model_loads
        where invocation_id = '{{ invocation_id }}' and model = '{{ model.name }}'
        order by load_id desc
        limit 1
    {% endcall %}
    {%- set row = load_result('model_load').table.rows[0] -%}
    {%- set updated, inserted, deleted = row.values() | map('int') -%}
    {% do store_raw_result(
        'main',
        message='UPDATE ' ~ updated ~ ' INSERT ' ~ inserted ~ (' DELETE ' ~ deleted if deleted else ''),
        code='DIFFERENCE',
        rows_affected=updated + inserted + deleted
    ) %}
{% endmacro %}
