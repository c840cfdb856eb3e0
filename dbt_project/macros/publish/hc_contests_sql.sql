{#- A field that differs although we publish the very record that we published last was changed by
    somebody else. -#}
{% macro hc_contests_sql(target, fields) %}
    {%- set relation = "'" ~ target.schema ~ '.' ~ target.identifier ~ "'" -%}
    {%- set external_id = adapter.quote(config.get('external_id')) ~ '::text' -%}
    delete from ops.hc_contests
    where relation = {{ relation }} and last_at < clock_timestamp() - interval '7 days';

    insert into ops.hc_contests as known (relation, external_id, field)
    select {{ relation }}, c.{{ external_id }}, f.field
    from hc_upsert_changes as c
    inner join ops.hc_published as p
        on p.relation = {{ relation }}
        and p.external_id = c.{{ external_id }}
        and p.payload = c._hc_payload
    inner join {{ target }} as t on t.id = c._hc_id
    cross join lateral (
        values
        {% for field in fields -%}
        {%- set column = adapter.quote(field.name) -%}
        {%- set kept = hc_normalise('t.' ~ column, dict(field, from_type=field.type)) -%}
        ('{{ field.name }}', {{ kept }} is distinct from c.{{ column }}){{ ',' if not loop.last }}
        {% endfor %}
    ) as f (field, differs)
    where f.differs and not c._hc_isdeleted
    on conflict (relation, external_id, field) do update
    set rounds = known.rounds + 1, last_at = clock_timestamp();

    insert into ops.hc_published as known (relation, external_id, payload)
    select {{ relation }}, {{ external_id }}, _hc_payload
    from hc_upsert_changes
    where not _hc_isdeleted
    order by {{ external_id }}
    on conflict (relation, external_id) do update
    set payload = excluded.payload
    where known.payload <> excluded.payload;
{%- endmacro %}
