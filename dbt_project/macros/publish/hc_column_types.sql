{% macro hc_column_types(regclass) %}
    {% call statement('hc_column_types', fetch_result=true) %}
        select
            a.attname as column_name,
            t.typname as type_name,
            format_type(a.atttypid, a.atttypmod) as type_text,
            case
                when t.typname in ('varchar', 'bpchar') and a.atttypmod > 4 then a.atttypmod - 4
            end as length
        from pg_attribute as a
        inner join pg_type as t on t.oid = a.atttypid
        where a.attrelid = {{ regclass }} and a.attnum > 0 and not a.attisdropped
        order by a.attnum
    {% endcall %}
    {%- set types = {} -%}
    {% for row in load_result('hc_column_types').table.rows %}
        {% do types.update({
            row['column_name']: {
                'name': row['type_name'],
                'text': row['type_text'],
                'length': none if row['length'] is none else row['length'] | int,
            }
        }) %}
    {% endfor %}
    {{ return(types) }}
{% endmacro %}
