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

{# Hook: fresh statistics, so that what reads the model in the same run is planned for its size. #}
{% macro refresh_statistics() -%}
    {{ return(adapter.dispatch('refresh_statistics')()) }}
{%- endmacro %}

{% macro default__refresh_statistics() -%}
{%- endmacro %}

{% macro postgres__refresh_statistics() -%}
    analyze {{ this }}
{%- endmacro %}
