{# The digits of a Korean mobile number however it was typed, null where the text isn't one. #}
{% macro mobile_number(column) -%}
    {#- With or without the country code, the leading zero, blanks and dashes. Two numbers in one
        text have too many digits for one: they say of nobody for sure who it is. -#}
    '0' || substring(
        regexp_replace({{ column }}, '\D', '', 'g') from '^(?:82)?0?(10\d{8}|1[16789]\d{7,8})$'
    )
{%- endmacro %}
