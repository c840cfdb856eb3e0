{% macro hc_changes_sql(target, fields) %}
    {%- set external_id = adapter.quote(config.get('external_id')) -%}
    create temporary table hc_upsert_changes on commit drop as
    select
        r.*,
        t.id as _hc_id,
        t.isdeleted is true as _hc_isdeleted,
        md5(r::text)::uuid as _hc_payload
    from hc_upsert_rows as r
    left join {{ target }} as t on t.{{ external_id }} = r.{{ external_id }}
    where
        t.id is null
        or t.isdeleted is true
        or (
            {% for field in fields -%}
            {#- The table holds the field's own type: nothing is left to convert. -#}
            {{ hc_normalise('t.' ~ adapter.quote(field.name), dict(field, from_type=field.type)) }}
            {{- ',' if not loop.last }}
            {% endfor %}
        ) is distinct from (
            {% for field in fields -%}
            r.{{ adapter.quote(field.name) }}{{ ',' if not loop.last }}
            {% endfor %}
        );
    analyze hc_upsert_changes;
{% endmacro %}
