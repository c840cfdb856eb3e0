{# The names of `refined_fields`, for the config `late_fields`: an address may be looked up later. #}
{% macro refined_field_names(prefix='') -%}
    {%- set names = [] -%}
    {%- for name in [
        'refined_address', 'region_1', 'region_2', 'region_3', 'zone_no',
        'address_accuracy', 'longitude', 'latitude',
    ] -%}
        {%- do names.append(prefix ~ name ~ '__c') -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}
