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

{#
    Hook: a user's days with a purchase, which the gaps between purchases are counted from, without reading the other days.
    dbt makes no indexes of some rows. Without a name, as the table that this one replaces has the same.
#}
{% macro index_purchases() -%}
    {{ return(adapter.dispatch('index_purchases')()) }}
{%- endmacro %}

{% macro default__index_purchases() -%}
{%- endmacro %}

{% macro postgres__index_purchases() -%}
    do $$
    begin
        if not exists (select from pg_index where indrelid = '{{ this }}'::regclass and indpred is not null) then
            create index on {{ this }} (user_id) include (occurred_day, known_day) where purchase_days > 0;
        end if;
    end
    $$
{%- endmacro %}

{# Hook: fresh statistics, of some columns or all, so that what reads the model in the same run is planned for its size. #}
{% macro refresh_statistics(columns=[]) -%}
    {{ return(adapter.dispatch('refresh_statistics')(columns)) }}
{%- endmacro %}

{% macro default__refresh_statistics(columns) -%}
{%- endmacro %}

{% macro postgres__refresh_statistics(columns) -%}
    analyze {{ this }}{% if columns %} ({{ columns | join(', ') }}){% endif %}
{%- endmacro %}

{#
    Hook before a build whose steps are of a size that the planner cannot know: it takes some for a row or two and would
    join them row by row, for hours. What is to be looked up row by row says so, with looked_up.
#}
{% macro joined_at_once() -%}
    {{ return(adapter.dispatch('joined_at_once')()) }}
{%- endmacro %}

{% macro default__joined_at_once() -%}
{%- endmacro %}

{% macro postgres__joined_at_once() -%}
    set local enable_nestloop = off
{%- endmacro %}

{# At the end of a lateral query: run it for each row it depends on, however dear the planner takes that to be. #}
{% macro looked_up() -%}
    {{ return(adapter.dispatch('looked_up')()) }}
{%- endmacro %}

{% macro default__looked_up() -%}
{%- endmacro %}

{% macro postgres__looked_up() -%}
    offset 0
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
