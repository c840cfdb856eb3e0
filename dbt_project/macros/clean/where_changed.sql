{# The rows of lv0, called `mirror`, that this incremental model has not carried over yet; all of
   them on a first build. #}
{% macro where_changed(key, source_key, is_number=false) -%}
    {%- if is_incremental() -%}
        {%- set mirrored = 'mirror.' ~ source_key -%}
        {#- A publish of lv0 gives all its rows one `_extracted_at`, so the bound has to be >=; the
            second condition then drops what an earlier build has already taken at that moment, and
            a run with nothing new compares nothing. -#}
        where
            mirror._extracted_at >= coalesce(
                (select max(built._extracted_at) from {{ this }} as built), '-infinity'
            )
            and not exists (
                select 1
                from {{ this }} as built
                where
                    built.{{ key }} = {{ mirrored if is_number else clean_code(mirrored) }}
                    and built._extracted_at = mirror._extracted_at
            )
    {%- endif -%}
{%- endmacro %}
