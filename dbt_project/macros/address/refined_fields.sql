{# The fields of Salesforce that come from lv2's `refined_columns`. #}
{% macro refined_fields(alias=none, prefix='') -%}
    {%- set texts = ['refined_address', 'region_1', 'region_2', 'region_3', 'zone_no'] -%}
    {%- set numbers = ['address_accuracy', 'longitude', 'latitude'] -%}
    {%- for name in texts + numbers -%}
        {{ alias ~ '.' if alias }}{{ prefix }}{{ name }}
        {{- '::double precision' if name in numbers }} as {{ prefix }}{{ name }}__c
        {%- if not loop.last %},
    {% endif -%}
    {%- endfor -%}
{%- endmacro %}
