{# The share of rows that meet `condition` is at most `at_most` (0 to 1). Below 100 rows a share says
   nothing, and the test passes. #}
{% test rare(model, condition, at_most) %}
    select
        count(*) as row_count,
        count(*) filter (where {{ condition }}) as met_count
    from {{ model }}
    having
        count(*) >= 100
        and count(*) filter (where {{ condition }}) > {{ at_most }} * count(*)
{% endtest %}
