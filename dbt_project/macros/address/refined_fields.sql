{# The fields of Salesforce that come from lv2's `refined_columns`. #}
{% macro refined_fields(alias=none, prefix='') -%}
    {%- for name in (
        'refined_address', 'region_1', 'region_2', 'region_3', 'zone_no', 'address_accuracy',
        'longitude', 'latitude'
    ) -%}
        {{ alias ~ '.' if alias }}{{ prefix }}{{ name }}
        {{- '::double precision' if name == 'address_accuracy' }} as {{ prefix }}{{ name }}__c
        {%- if not loop.last %},
    {% endif -%}
    {%- endfor -%}
{%- endmacro %}
