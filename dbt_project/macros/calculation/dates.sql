{# Dates are whole days, in UTC. A session of Spark is in UTC too (standalone.spark). #}

{% macro days_between(first_day, last_day) -%}
    {{ return(adapter.dispatch('days_between')(first_day, last_day)) }}
{%- endmacro %}

{% macro default__days_between(first_day, last_day) -%}
    {{ return(untaught('days_between')) }}
{%- endmacro %}

{% macro spark__days_between(first_day, last_day) -%}
    datediff({{ last_day }}, {{ first_day }})
{%- endmacro %}

{% macro postgres__days_between(first_day, last_day) -%}
    ({{ last_day }} - {{ first_day }})
{%- endmacro %}


{% macro add_days(day, days) -%}
    {{ return(adapter.dispatch('add_days')(day, days)) }}
{%- endmacro %}

{% macro default__add_days(day, days) -%}
    {{ return(untaught('add_days')) }}
{%- endmacro %}

{% macro spark__add_days(day, days) -%}
    date_add({{ day }}, cast({{ days }} as int))
{%- endmacro %}

{% macro postgres__add_days(day, days) -%}
    ({{ day }} + {{ days }})
{%- endmacro %}


{# The UTC day of a moment, whatever the session's time zone is. #}
{% macro utc_day(moment) -%}
    {{ return(adapter.dispatch('utc_day')(moment)) }}
{%- endmacro %}

{% macro default__utc_day(moment) -%}
    {{ return(untaught('utc_day')) }}
{%- endmacro %}

{% macro spark__utc_day(moment) -%}
    cast({{ moment }} as date)
{%- endmacro %}

{% macro postgres__utc_day(moment) -%}
    cast({{ moment }} at time zone 'UTC' as date)
{%- endmacro %}


{# The hour of a moment in UTC, 0 to 23. #}
{% macro utc_hour(moment) -%}
    {{ return(adapter.dispatch('utc_hour')(moment)) }}
{%- endmacro %}

{% macro default__utc_hour(moment) -%}
    {{ return(untaught('utc_hour')) }}
{%- endmacro %}

{% macro spark__utc_hour(moment) -%}
    hour({{ moment }})
{%- endmacro %}

{% macro postgres__utc_hour(moment) -%}
    extract(hour from {{ moment }} at time zone 'UTC')
{%- endmacro %}


{# The moment at which a UTC day begins. #}
{% macro utc_midnight(day) -%}
    {{ return(adapter.dispatch('utc_midnight')(day)) }}
{%- endmacro %}

{% macro default__utc_midnight(day) -%}
    {{ return(untaught('utc_midnight')) }}
{%- endmacro %}

{% macro spark__utc_midnight(day) -%}
    cast({{ day }} as timestamp)
{%- endmacro %}

{% macro postgres__utc_midnight(day) -%}
    (cast({{ day }} as timestamp) at time zone 'UTC')
{%- endmacro %}


{# 1 for Monday to 7 for Sunday. #}
{% macro iso_weekday(day) -%}
    {{ return(adapter.dispatch('iso_weekday')(day)) }}
{%- endmacro %}

{% macro default__iso_weekday(day) -%}
    {{ return(untaught('iso_weekday')) }}
{%- endmacro %}

{% macro postgres__iso_weekday(day) -%}
    extract(isodow from {{ day }})
{%- endmacro %}

{% macro spark__iso_weekday(day) -%}
    extract(dayofweek_iso from {{ day }})
{%- endmacro %}


{# The Monday of the day's week. #}
{% macro week_begin(day) -%}
    cast({{ dbt.date_trunc('week', day) }} as date)
{%- endmacro %}


{# The first of some days, which ascend, that is later than a date; null if none is. #}
{% macro first_day_after(days, date) -%}
    {{ return(adapter.dispatch('first_day_after')(days, date)) }}
{%- endmacro %}

{% macro default__first_day_after(days, date) -%}
    {{ return(untaught('first_day_after')) }}
{%- endmacro %}

{# A binary search. #}
{% macro postgres__first_day_after(days, date) -%}
    {%- set ascending = "cast('{" ~ days | join(',') ~ "}' as date [])" -%}
    ({{ ascending }})[width_bucket({{ date }}, {{ ascending }}) + 1]
{%- endmacro %}

{% macro spark__first_day_after(days, date) -%}
    (case {% for day in days %}when {{ date }} < cast('{{ day }}' as date) then cast('{{ day }}' as date) {% endfor %}end)
{%- endmacro %}
