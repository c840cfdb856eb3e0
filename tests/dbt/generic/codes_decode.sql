{# Lists the codes that decode to nothing, of those columns of the model in which more than the share
   `at_most` (0 to 1) of all codes do. Below 100 codes a share says nothing. Which columns the model
   decodes is known from its calls of `decode` and `decode_by`. #}
{% test codes_decode(model, at_most=0.1) %}
    {{ config(meta={
        'reason': 'The ERP uses codes that its lists lack; many at once mean a broken join or list.',
        'since': '2026-11-21',
    }) }}
    {%- set decoded = [] -%}
    {%- for node in graph.get('nodes', {}).values() if node.relation_name == model | string -%}
        {%- do decoded.extend(decoded_codes().get(node.name, [])) -%}
    {%- endfor -%}
    {% if execute and not decoded %}
        {% do exceptions.raise_compiler_error(
            model ~ ' decodes no code: take the test `codes_decode` off it.'
        ) %}
    {% endif %}

    with

    codes as (
        {% for alias, code_list in decoded %}
            select
                '{{ alias }}_code' as column_name,
                '{{ code_list }}' as code_list,
                {{ alias }}_code as code,
                {{ alias }}_name is null as is_unknown
            from {{ model }}
            where {{ alias }}_code is not null
            {{ 'union all' if not loop.last }}
        {% endfor %}
    ),

    failing_columns as (
        select column_name
        from codes
        group by column_name
        having count(*) >= 100 and avg(is_unknown::integer) > {{ at_most }}
    )

    select
        column_name,
        code_list,
        code,
        count(*) as row_count
    from codes
    where is_unknown and column_name in (select column_name from failing_columns)
    group by column_name, code_list, code
    order by row_count desc
{% endtest %}
