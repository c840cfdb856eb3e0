{% materialization hc_upsert, adapter='postgres', supported_languages=['sql'] %}
    {%- set target = this.incorporate(type='table') -%}

    {% if hc_is_named(target, 'hc_pause') %}
        {% do log(target.render() ~ ' is paused by the var `hc_pause`: nothing is written.', info=true) %}
        {% do store_raw_result('main', message='PAUSED', code='PAUSED', rows_affected=0) %}
        {{ return({'relations': [target]}) }}
    {% endif %}

    {% do hc_assert_config(target) %}
    {#- Before the model's own SQL is looked at: it may read the table. -#}
    {% do hc_assert_exists(target) %}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% do hc_assert_session(target) %}
    {% do get_assert_columns_equivalent(sql) %}
    {#- A view first: it gives the types of the model's columns without running the model. -#}
    {% call statement('hc_model') %}
        create temporary view hc_upsert_model as (
            {{ sql }}
        )
    {% endcall %}
    {% set fields = hc_assert_target(target) %}
    {% call statement('hc_rows') %}
        create temporary table hc_upsert_rows on commit drop as
        select
            {% for field in fields -%}
            {{ hc_normalise('m.' ~ adapter.quote(field.name), field) }} as {{ adapter.quote(field.name) }}
            {{- ',' if not loop.last }}
            {% endfor %}
        from hc_upsert_model as m;
        drop view hc_upsert_model;
        analyze hc_upsert_rows;
    {% endcall %}
    {% do hc_assert_rows(target, fields) %}
    {% call statement('hc_changes') %}
        {{ hc_changes_sql(target, fields) | trim }}
    {% endcall %}
    {% set counts = hc_assert_change_share(target) %}

    {% call statement('main') %}
        {{ hc_write_sql(target, fields, counts) | trim }}
    {% endcall %}
    {% do store_model_load_result() %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do adapter.commit() %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target]}) }}
{% endmaterialization %}
