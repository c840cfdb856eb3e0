{% macro report_model_load() %}
    {#- A post-hook: the built-in materialization reports `INSERT 0 1` for a difference, and a first
        build or full refresh leaves no row of counts. -#}
    {% if execute and config.get('incremental_strategy') == 'difference' %}
        {% call statement('full_build') %}
            {{ insert_model_load(this, 'count(*)', '0', '0', '0') }}
            from {{ this }}
            having not exists (
                select from ops.model_loads
                where invocation_id = '{{ invocation_id }}' and model = '{{ model.name }}'
            )
        {% endcall %}
        {% do store_model_load_result() %}
    {% endif %}
{% endmacro %}
