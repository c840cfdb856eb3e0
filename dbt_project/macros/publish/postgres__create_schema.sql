{% macro postgres__create_schema(relation) -%}
    {%- set heroku_connects = [] -%}
    {%- for node in graph.nodes.values() if node.config.materialized == 'hc_upsert' -%}
        {%- do heroku_connects.append(node.schema) -%}
    {%- endfor -%}
    {%- if relation.schema in heroku_connects -%}
        {#- dbt makes every model's schema before a run; Heroku Connect wants to make its own. dbt
            commits afterwards, so there has to be a transaction. -#}
        {%- call statement('create_schema') -%}
            select 1
        {%- endcall -%}
    {%- else -%}
        {{ return(dbt.postgres__create_schema(relation)) }}
    {%- endif -%}
{%- endmacro %}
