{% macro report_snapshot_load() %}
    {#- All that this run wrote bears the time of its transaction. -#}
    {% if execute %}
        {% call statement('snapshot_load') %}
            {{ insert_model_load(
                this,
                inserted='count(*) filter (where dbt_valid_from = now())',
                updated='count(*) filter (where dbt_valid_to = now())',
                unchanged='count(*) filter (where dbt_valid_from < now() and dbt_valid_to is distinct from now())',
                deleted='0',
            ) }}
            from {{ this }}
        {% endcall %}
        {% do store_model_load_result() %}
    {% endif %}
{% endmacro %}
