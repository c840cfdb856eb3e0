{% macro hc_assert_session(target) %}
    {% call statement('hc_session', fetch_result=true) %}
        select
            current_setting('xmlbinary') as xmlbinary,
            current_setting('session_replication_role') as replication_role
    {% endcall %}
    {%- set session = load_result('hc_session').table.rows[0] -%}
    {% if session['xmlbinary'] != 'base64' or session['replication_role'] != 'origin' %}
        {% do exceptions.raise_compiler_error(
            target.schema ~ '.' ~ target.identifier ~ ': this session hides its writes from Heroku Connect'
            ~ ' (xmlbinary is ' ~ session['xmlbinary'] ~ ', session_replication_role is '
            ~ session['replication_role'] ~ '). Set them back to base64 and origin for the role or database.'
        ) %}
    {% endif %}
{% endmacro %}
