{% macro hc_changes_sql(target, fields) %}
    {%- set external_id = adapter.quote(config.get('external_id')) -%}
    {%- set kept, filled, offered = [], [], [] -%}
    {% for field in fields %}
        {%- set column = adapter.quote(field.name) -%}
        {#- The table holds the field's own type: nothing is left to convert. -#}
        {%- set value = hc_normalise('t.' ~ column, dict(field, from_type=field.type)) | trim -%}
        {%- set is_late = field.name in config.get('late_fields', []) -%}
        {% do kept.append(value) %}
        {% do filled.append('coalesce(' ~ value ~ ', r.' ~ column ~ ')' if is_late else value) %}
        {% do offered.append('r.' ~ column) %}
    {% endfor %}
    create temporary table hc_upsert_changes on commit drop as
    select
        r.*,
        t.id as _hc_id,
        t.isdeleted is true as _hc_isdeleted,
        md5(r::text)::uuid as _hc_payload,
        ({{ filled | join(', ') }}) is not distinct from ({{ offered | join(', ') }}) as _hc_only_fills
    from hc_upsert_rows as r
    left join {{ target }} as t on t.{{ external_id }} = r.{{ external_id }}
    where
        t.id is null
        or t.isdeleted is true
        or ({{ kept | join(', ') }}) is distinct from ({{ offered | join(', ') }});
    analyze hc_upsert_changes;
{% endmacro %}
