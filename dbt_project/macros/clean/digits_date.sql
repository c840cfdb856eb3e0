{# The day that eight digits name; null for any other text, and for a day that no calendar has. #}
{% macro digits_date(column) -%}
    {#- to_date fails for the 30th of February: the day is counted from the year's first, and taken
        only if it is still written in the same digits. -#}
    (
        select counted.day
        from (
            select
                (
                    make_date(left(written.digits, 4)::int, 1, 1)
                    + make_interval(
                        months => substr(written.digits, 5, 2)::int - 1,
                        days => right(written.digits, 2)::int - 1
                    )
                )::date as day,
                written.digits
            from (select substring(btrim({{ column }}) from '^[12]\d{7}$') as digits) as written
        ) as counted
        where to_char(counted.day, 'YYYYMMDD') = counted.digits
    )
{%- endmacro %}
