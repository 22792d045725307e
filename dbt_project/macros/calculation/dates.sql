{# Dates are whole days, in UTC. Postgres has forms of its own because it subtracts and adds dates without timestamps. #}

{% macro days_between(first_day, last_day) -%}
    {{ return(adapter.dispatch('days_between')(first_day, last_day)) }}
{%- endmacro %}

{% macro default__days_between(first_day, last_day) -%}
    {{ dbt.datediff(first_day, last_day, 'day') }}
{%- endmacro %}

{% macro postgres__days_between(first_day, last_day) -%}
    ({{ last_day }} - {{ first_day }})
{%- endmacro %}


{% macro add_days(day, days) -%}
    {{ return(adapter.dispatch('add_days')(day, days)) }}
{%- endmacro %}

{% macro default__add_days(day, days) -%}
    cast({{ dbt.dateadd('day', days, day) }} as date)
{%- endmacro %}

{% macro postgres__add_days(day, days) -%}
    ({{ day }} + {{ days }})
{%- endmacro %}


{# The UTC day of a moment, whatever the session's time zone is. #}
{% macro utc_day(moment) -%}
    {{ return(adapter.dispatch('utc_day')(moment)) }}
{%- endmacro %}

{% macro default__utc_day(moment) -%}
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
    extract(hour from {{ moment }})
{%- endmacro %}

{% macro postgres__utc_hour(moment) -%}
    extract(hour from {{ moment }} at time zone 'UTC')
{%- endmacro %}


{# The moment at which a UTC day begins. #}
{% macro utc_midnight(day) -%}
    {{ return(adapter.dispatch('utc_midnight')(day)) }}
{%- endmacro %}

{% macro default__utc_midnight(day) -%}
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
    extract(isodow from {{ day }})
{%- endmacro %}


{# The Monday of the day's week. #}
{% macro week_begin(day) -%}
    cast({{ dbt.date_trunc('week', day) }} as date)
{%- endmacro %}
