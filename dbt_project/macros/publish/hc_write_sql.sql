{% macro hc_write_sql(target, fields, counts) %}
    {%- set order_by = config.get('order_by', []) -%}
    {%- set order_by = ([order_by] if order_by is string else order_by) + [config.get('external_id')] -%}
    {%- set columns, order = [], [] -%}
    {% for field in fields %}
        {% do columns.append(adapter.quote(field.name)) %}
    {% endfor %}
    {% for name in order_by | unique %}
        {% do order.append(adapter.quote(name)) %}
    {% endfor %}
    do $hc_upsert$
    declare
        _change record;
        _updated bigint := 0;
        _inserted bigint;
    begin
        {{ hc_contests_sql(target, fields) }}

        -- Row by row, because a joined update writes in the order of its plan, and Salesforce's bulk
        -- mode wants children ordered by parent.
        for _change in
            select * from hc_upsert_changes
            where _hc_id is not null and not _hc_isdeleted
            order by {{ order | join(', ') }}
        loop
            update {{ target }} as t
            set
                {% for column in columns -%}
                {{ column }} = _change.{{ column }}{{ ',' if not loop.last }}
                {% endfor %}
            where t.id = _change._hc_id and t.isdeleted is not true;
            _updated := _updated + found::integer;
        end loop;

        insert into {{ target }} ({{ columns | join(', ') }})
        select {{ columns | join(', ') }} from hc_upsert_changes
        where _hc_id is null
        order by {{ order | join(', ') }}
        on conflict do nothing;
        get diagnostics _inserted = row_count;

        {{ insert_model_load(
            target, '_inserted', '_updated', counts.offered ~ ' - _inserted - _updated', '0'
        ) }};
    end
    $hc_upsert$
{% endmacro %}
