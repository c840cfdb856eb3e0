{% macro hc_normalise(expression, field) -%}
    {%- if field.type in ('varchar', 'text') -%}
        nullif(btrim({{ expression }}::text, e' \t\n\r\f\x0b'), '')
    {%- elif field.type == 'float8' -%}
        round({{ expression }}::numeric, {{ field.scale }})::double precision
    {%- elif field.type == 'bool' -%}
        coalesce({{ expression }}, false)
    {%- elif field.type == 'date' -%}
        case when {{ expression }} between '1700-01-01' and '4000-12-31' then {{ expression }} end
    {%- elif field.type == 'timestamp' -%}
        {%- set utc = expression ~ (" at time zone 'UTC'" if field.from_type == 'timestamptz' else '') -%}
        case
            when {{ utc }} >= '1700-01-01' and {{ utc }} < '4001-01-01' then date_trunc('second', {{ utc }})
        end
    {%- else -%}
        {{ expression }}
    {%- endif -%}
{%- endmacro %}
