{% macro hc_assert_config(target) %}
    {%- set faults = [] -%}
    {% if should_full_refresh() %}
        {% do faults.append(
            '--full-refresh is refused: rebuilding the table would lose every sfid. Run without it.'
        ) %}
    {% endif %}
    {% if not config.get('contract').enforced %}
        {% do faults.append('the contract is not enforced. Set `contract: {enforced: true}`.') %}
    {% endif %}
    {% if not config.get('external_id') is string %}
        {% do faults.append(
            'the config `external_id` is missing. Name the External ID field that identifies a row.'
        ) %}
    {% endif %}
    {% do raise_faults(target, faults) %}
{% endmacro %}
