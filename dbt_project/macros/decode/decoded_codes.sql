{# What every model decodes: its name -> pairs of a column's name without `_code` and of its list. #}
{% macro decoded_codes() %}
    {%- set found = {} -%}
    {#- While dbt parses, the graph has no nodes yet. -#}
    {%- for node in graph.get('nodes', {}).values() if node.resource_type == 'model' -%}
        {%- set pairs = [] -%}
        {%- for key, code_list in node.config.meta.items() if key.startswith('code_list_of_') -%}
            {%- do pairs.append((key[13:-5], code_list)) -%}
        {%- endfor -%}
        {%- do found.update({node.name: pairs}) if pairs -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}
