{% macro key_faults(relation, keys) %}
    {%- set columns = [] -%}
    {% for key in keys %}
        {% do columns.append(adapter.quote(key)) %}
    {% endfor %}
    {%- set key = columns | join(', ') -%}
    {%- set text = columns | join("::text || ', ' || ") ~ '::text' -%}
    {%- set has_null = columns | join(' is null or ') ~ ' is null' -%}
    {% call statement('key_faults', fetch_result=true) %}
        with
        doubles as (
            select {{ text }} as key, count(*) as copies
            from {{ relation }}
            where not ({{ has_null }})
            group by {{ key }}
            having count(*) > 1
        )
        select
            (select count(*) from {{ relation }} where {{ has_null }}) as nulls,
            (select count(*) from doubles) as doubles,
            (
                select string_agg(key, '; ')
                from (select key from doubles order by key limit 5) as first_five
            ) as sample
    {% endcall %}
    {%- set row = load_result('key_faults').table.rows[0] -%}
    {%- set faults = [] -%}
    {% if row['nulls'] %}
        {% do faults.append(
            row['nulls'] | int ~ ' row(s) have no ' ~ keys | join(', ')
            ~ '. Leave them out of the model or give them a key.'
        ) %}
    {% endif %}
    {% if row['doubles'] %}
        {% do faults.append(
            row['doubles'] | int ~ ' value(s) of ' ~ keys | join(', ') ~ ' come more than once, such as '
            ~ row['sample'] ~ '. Keep one row of each in the model.'
        ) %}
    {% endif %}
    {{ return(faults) }}
{% endmacro %}
