{# The columns of lv2 that come from the join `refine`. A model whose source has coordinates of its own
   takes the place by itself. #}
{% macro refined_columns(alias, prefix='', with_place=true) -%}
    {%- set columns = {
        'refined_address': 'address_name',
        'region_1': 'region_1depth_name',
        'region_2': 'region_2depth_name',
        'region_3': 'region_3depth_name',
        'building_name': 'building_name',
        'building_dong': 'building_dong',
        'building_ho': 'building_ho',
        'zone_no': 'zone_no',
        'address_accuracy': 'accuracy',
    } -%}
    {%- do columns.update({'longitude': 'x', 'latitude': 'y'}) if with_place -%}
    {%- for name, column in columns.items() -%}
        {{ alias }}.{{ column }} as {{ prefix }}{{ name }}
        {%- if not loop.last %},
    {% endif -%}
    {%- endfor -%}
{%- endmacro %}
