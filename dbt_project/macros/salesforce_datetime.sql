{# A moment as Heroku Connect holds it: UTC without a zone. #}
{% macro salesforce_datetime(column) -%}
    {{ column }} at time zone 'UTC'
{%- endmacro %}
