{% macro get_incremental_difference_sql(arg_dict) %}
    {%- set target, delta = arg_dict['target_relation'], arg_dict['temp_relation'] -%}
    {%- set keys = arg_dict['unique_key'] -%}
    {%- set keys = [keys] if keys is string else keys -%}
    {%- set ignored = config.get('difference_ignore', []) -%}
    {%- set ignored = [ignored] if ignored is string else ignored -%}
    {%- set names = arg_dict['dest_columns'] | map(attribute='name') | list -%}
    {% do difference_assert(target, delta, keys, ignored, names, arg_dict['incremental_predicates']) %}
    {% do run_query('analyze ' ~ delta) %}

    {%- set columns, changes, old, new, same_key = [], [], [], [], [] -%}
    {% for column in arg_dict['dest_columns'] %}
        {%- set quoted = adapter.quote(column.name) -%}
        {#- json and xml have no equality of their own. -#}
        {%- set cast = '::text' if column.dtype in ('json', 'xml') else '' -%}
        {% do columns.append(quoted) %}
        {% if column.name in keys %}
            {% do same_key.append('t.' ~ quoted ~ ' = d.' ~ quoted) %}
        {% else %}
            {% do changes.append(quoted ~ ' = d.' ~ quoted) %}
            {% if column.name not in ignored %}
                {% do old.append('t.' ~ quoted ~ cast) %}
                {% do new.append('d.' ~ quoted ~ cast) %}
            {% endif %}
        {% endif %}
    {% endfor %}
    {%- set deletes = config.get('difference_deletes', false) -%}
    {%- set same_key = same_key | join(' and ') -%}

    {% set main %}
    with
    {% if old -%}
    updated as (
        update {{ target }} as t
        set {{ changes | join(', ') }}
        from {{ delta }} as d
        where {{ same_key }}
            and ({{ old | join(', ') }}) is distinct from ({{ new | join(', ') }})
        returning 1
    ),
    {% endif -%}
    {% if deletes -%}
    deleted as (
        delete from {{ target }} as t
        where not exists (select from {{ delta }} as d where {{ same_key }})
        returning 1
    ),
    {% endif -%}
    inserted as (
        insert into {{ target }} ({{ columns | join(', ') }})
        select {{ columns | join(', ') }} from {{ delta }} as d
        where not exists (select from {{ target }} as t where {{ same_key }})
        returning 1
    ),
    counts as (
        select
            (select count(*) from {{ delta }}) as offered,
            (select count(*) from inserted) as inserted,
            {{ '(select count(*) from updated)' if old else '0' }} as updated,
            {{ '(select count(*) from deleted)' if deletes else '0' }} as deleted
    )
    {{ insert_model_load(target, 'inserted', 'updated', 'offered - inserted - updated', 'deleted') }}
    from counts
    {% endset %}
    {{ return(main) }}
{% endmacro %}
