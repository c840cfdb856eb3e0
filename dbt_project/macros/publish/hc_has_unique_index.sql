{% macro hc_has_unique_index(target, column) %}
    {% call statement('hc_unique_index', fetch_result=true) %}
        select 1 as found
        from pg_index as i
        inner join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where i.indrelid = '{{ target.include(database=false) }}'::regclass
            and i.indisunique and i.indisvalid and i.indnkeyatts = 1
            and i.indpred is null
            and a.attname = '{{ column }}'
    {% endcall %}
    {{ return(load_result('hc_unique_index').table.rows | length > 0) }}
{% endmacro %}
