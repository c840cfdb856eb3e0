{# The address as it is looked up: both lines on one, blanks as clean_text has them; null for none. #}
{% macro raw_address(address1, address2) -%}
    {{ clean_text("concat_ws(' ', " ~ address1 ~ ", " ~ address2 ~ ")") }}
{%- endmacro %}
