{# The fields of Salesforce that come from lv2's `refined_columns`. #}
{% macro refined_fields(alias=none, prefix='') -%}
    {%- set numbers = ['address_accuracy', 'longitude', 'latitude'] -%}
    {%- for field in refined_field_names(prefix) -%}
        {%- set column = field | replace('__c', '') -%}
        {{ alias ~ '.' if alias }}{{ column }}
        {{- '::double precision' if column | replace(prefix, '') in numbers }} as {{ field }}
        {%- if not loop.last %},
    {% endif -%}
    {%- endfor -%}
{%- endmacro %}
