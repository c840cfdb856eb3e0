{# Joins what the address search found as `<alias>`; an address without a hit joins to nulls. #}
{% macro refine(alias, address1, address2) -%}
    left join address_master as {{ alias }}
        on {{ raw_address(address1, address2) }} = {{ alias }}.raw_address
{%- endmacro %}
