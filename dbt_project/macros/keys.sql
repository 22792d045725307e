{# Hook: the database itself refuses a row without its keys, which the unique index alone would let through. #}
{% macro require_keys(columns) -%}
    {{ return(adapter.dispatch('require_keys')(columns)) }}
{%- endmacro %}

{% macro default__require_keys(columns) -%}
{%- endmacro %}

{% macro postgres__require_keys(columns) -%}
    alter table {{ this }}
    {%- for column in columns %} alter column {{ column }} set not null{{ ',' if not loop.last }}{% endfor %}
{%- endmacro %}
