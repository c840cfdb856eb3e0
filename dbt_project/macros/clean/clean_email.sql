{# An e-mail address in lower case; null where Salesforce would refuse the text as an address. #}
{% macro clean_email(column) -%}
    substring(
        lower({{ clean_text(column) }})
        from '^[a-z0-9_%+''-]+(?:\.[a-z0-9_%+''-]+)*@[a-z0-9-]+(?:\.[a-z0-9-]+)+$'
    )
{%- endmacro %}
