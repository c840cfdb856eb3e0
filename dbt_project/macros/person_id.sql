{# Who stands behind a row of a table without customer numbers: the owner of its mobile number, or,
   where it has none, nobody but the row itself (docs/adr/0013). #}
{% macro person_id(mobile_number, row_id) -%}
    {#- A digest, as ids are printed in logs and reports, where no telephone number may stand. -#}
    coalesce('M' || md5({{ mobile_number }}), 'R' || {{ row_id }})
{%- endmacro %}
