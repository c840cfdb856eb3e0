{# The relation has no row: it lists what somebody has to see to. #}
{% test empty(model) %}
    select * from {{ model }}
{% endtest %}
