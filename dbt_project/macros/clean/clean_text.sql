{# One line of text: runs of blanks of any kind become one space, an empty text becomes null. #}
{% macro clean_text(column) -%}
    {#- In locale C `\s` knows ASCII only: the no-break space and the ideographic space that Korean
        input methods write are named. -#}
    nullif(btrim(regexp_replace({{ column }}, '[\s\u00A0\u3000]+', ' ', 'g')), '')
{%- endmacro %}
