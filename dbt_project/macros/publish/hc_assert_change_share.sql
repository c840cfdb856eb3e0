{% macro hc_assert_change_share(target) %}
    {% call statement('hc_counts', fetch_result=true) %}
        select
            (select count(*) from {{ target }} where isdeleted is not true) as existing,
            (select count(*) from hc_upsert_rows) as offered,
            count(*) filter (
                where _hc_id is not null and not _hc_isdeleted and not _hc_only_fills
            ) as to_update,
            count(*) filter (where _hc_isdeleted) as held_back
        from hc_upsert_changes
    {% endcall %}
    {%- set row = load_result('hc_counts').table.rows[0] -%}
    {%- set counts = {
        'existing': row['existing'] | int, 'offered': row['offered'] | int,
        'to_update': row['to_update'] | int, 'held_back': row['held_back'] | int,
    } -%}
    {%- set share = var('hc_max_change_share', 0.3) | float -%}
    {#- In a very small table a handful of honest changes is a large share. -#}
    {% if counts.to_update > 5
        and counts.to_update > share * counts.existing
        and not hc_is_named(target, 'hc_allow_large_change') %}
        {% do exceptions.raise_compiler_error(
            target.schema ~ '.' ~ target.identifier ~ ': ' ~ counts.to_update ~ ' of ' ~ counts.existing
            ~ ' rows would be updated, more than the share of ' ~ share
            ~ ' (var `hc_max_change_share`). Nothing was written. If the change is meant, run with'
            ~ " --vars 'hc_allow_large_change: [" ~ target.identifier ~ "]', or trigger elt_nightly"
            ~ ' with that parameter.'
        ) %}
    {% endif %}
    {% if counts.held_back %}
        {% do log(
            target.schema ~ '.' ~ target.identifier ~ ': ' ~ counts.held_back
            ~ ' row(s) are deleted in Salesforce and left alone.', info=true
        ) %}
    {% endif %}
    {{ return(counts) }}
{% endmacro %}
