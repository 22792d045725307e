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

{# Hook before a build from scratch of what is made of all events: refused while some of them are archived. #}
{% macro demand_whole_history() -%}
    {{ return(adapter.dispatch('demand_whole_history')()) }}
{%- endmacro %}

{% macro default__demand_whole_history() -%}
{%- endmacro %}

{% macro postgres__demand_whole_history() -%}
    {%- if not is_incremental() -%}
    select raw.demand_whole_history()
    {%- endif -%}
{%- endmacro %}
