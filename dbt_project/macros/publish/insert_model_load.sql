{% macro insert_model_load(relation, inserted, updated, unchanged, deleted) -%}
    insert into ops.model_loads (
        invocation_id, model, relation, rows_inserted, rows_updated, rows_unchanged, rows_deleted
    )
    select
        '{{ invocation_id }}',
        '{{ model.name }}',
        '{{ relation.schema }}.{{ relation.identifier }}',
        {{ inserted }},
        {{ updated }},
        {{ unchanged }},
        {{ deleted }}
{%- endmacro %}
