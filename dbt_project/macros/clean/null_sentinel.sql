{# The datetime as the ERP wrote it; null where it is one of the ERP's dates for "none". #}
{% macro null_sentinel(column) -%}
    case
        when {{ column }}::date not in ('1900-01-01', '2999-12-31', '9999-12-31') then {{ column }}
    end
{%- endmacro %}
