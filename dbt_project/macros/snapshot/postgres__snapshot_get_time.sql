{# The time of a snapshot: the transaction's own, with its zone. #}
{% macro postgres__snapshot_get_time() -%}
    {#- dbt's own casts it to a timestamp without a zone, which then depends on the session's. -#}
    now()
{%- endmacro %}
