{# Writes into the model's meta which list decodes the column `<alias>_code`. #}
{% macro declare_code_list(alias, code_list) -%}
    {#- dbt merges meta by its first level, so that each column needs a key of its own. -#}
    {%- do config(meta={'code_list_of_' ~ alias ~ '_code': code_list}) -%}
{%- endmacro %}
