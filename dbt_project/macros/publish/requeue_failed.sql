{% macro requeue_failed(object, keys=[], message='', dry_run=true) %}
    {%- set node = hc_node(object) -%}
    {%- set target = api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias) -%}
    {%- set hc, external_id = adapter.quote(node.schema), adapter.quote(node.config.external_id) -%}
    {%- set table_name = string_literal(node.alias) -%}
    {% if dry_run is not boolean or keys is string or keys is not sequence %}
        {% do exceptions.raise_compiler_error(
            'requeue_failed takes `object`, `keys` (a list), `message` and `dry_run` (true or false).'
        ) %}
    {% endif %}
    {%- set literals, columns = [], [] -%}
    {% for key in keys %}
        {% do literals.append(string_literal(escape_single_quotes(key | string))) %}
    {% endfor %}
    {% for column in node.columns %}
        {% do columns.append(string_literal(column)) %}
    {% endfor %}
    {% do hc_assert_session(target) %}
    {#- dbt believes that an operation has a transaction, and opens none. Two requeues at once would
        queue the same rows twice. -#}
    {% call statement('turn') %}
        begin;
        select pg_advisory_xact_lock(hashtext('stairway.requeue_failed'))
    {% endcall %}
    {% call statement('refused') %}
        create temporary table requeue_rows on commit drop as
        select
            r.id,
            r.{{ external_id }} as external_id,
            split_part({{ hc_error_message('r._hc_err') }}, ':', 1) as code
        from {{ target }} as r
        where
            r._hc_lastop = 'FAILED'
            {% if keys -%}
            and r.{{ external_id }} in ({{ literals | join(', ') }})
            {%- endif %}
            {% if message -%}
            and position(
                lower({{ string_literal(escape_single_quotes(message | string)) }})
                in lower({{ hc_error_message('r._hc_err') }})
            ) > 0
            {%- endif %}
            and not exists (
                select
                from {{ hc }}._trigger_log as l
                where
                    l.table_name = {{ table_name }}
                    and l.record_id = r.id
                    and l.state in ('NEW', 'PENDING')
            )
    {% endcall %}
    {% call statement('found', fetch_result=true) %}
        select
            count(*) as records,
            (
                select string_agg(format('%s %s', code, records), ', ' order by code)
                from (select code, count(*) as records from requeue_rows group by code) as codes
            ) as codes,
            (
                select string_agg(external_id, ', ' order by external_id)
                from (select external_id from requeue_rows order by external_id limit 20) as first_twenty
            ) as sample
        from requeue_rows
    {% endcall %}
    {%- set found = load_result('found').table.rows[0] -%}
    {% if not dry_run %}
        {% call statement('queued') %}
            select
                case
                    -- A record without an sfid has never been in Salesforce.
                    when r.sfid is null
                        then {{ hc }}.hc_capture_insert_from_row(hstore(r), {{ table_name }})
                    else {{ hc }}.hc_capture_update_from_row(
                        hstore(r), {{ table_name }}, array[{{ columns | join(', ') }}]
                    )
                end
            from requeue_rows as q
            inner join {{ target }} as r on r.id = q.id
            order by q.external_id
        {% endcall %}
    {% endif %}
    {% call statement('end') %}
        commit
    {% endcall %}
    {%- set done = 'would be queued again (dry_run)' if dry_run else 'queued again' -%}
    {% do log(
        target.schema ~ '.' ~ target.identifier ~ ': ' ~ found['records'] | int ~ ' refused record(s) ' ~ done
        ~ (': ' ~ found['codes'] ~ '. ' ~ found['sample'] if found['records'] else ''), info=true
    ) %}
{% endmacro %}
