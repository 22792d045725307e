{%- set horizon = var('horizon_days') | int -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_snapshots',
        on_schema_change='fail',
        indexes=[{'columns': ['user_id', 'as_of', 'horizon_days'], 'unique': true}, {'columns': ['as_of']}],
        post_hook="{{ require_keys(['user_id', 'as_of', 'horizon_days']) }}"
    )
}}

with asked_dates as (
    {{ as_of_dates() }}
),

daily as (

    select * from {{ ref('int_user_daily') }}

),

-- A window that is still open has no label.
dates as (

    select
        as_of,
        {{ add_days('as_of', -horizon) }} as previous_window_begins_on,
        {{ add_days('as_of', horizon) }} as window_ends_on
    from asked_dates
    where {{ add_days('as_of', horizon) }} <= {{ known_until() }}

),

users as (

    select
        user_id,
        min(greatest(occurred_day, received_day)) as first_known_day
    from daily
    group by user_id

),

-- Drawn as of D: users of whom something was known when day D began.
population as (

    select
        users.user_id,
        dates.as_of
    from users
    inner join dates on users.first_known_day < dates.as_of

),

previous_windows as (

    select
        daily.user_id,
        dates.as_of,
        sum(daily.activity_events) as activity_events
    from dates
    inner join daily
        on
            dates.previous_window_begins_on <= daily.occurred_day
            and dates.as_of > daily.occurred_day
            and dates.as_of > daily.received_day
    group by daily.user_id, dates.as_of

),

-- What was known when the window closed; what is learned later changes no label.
windows as (

    select
        daily.user_id,
        dates.as_of,
        sum(daily.activity_events) as activity_events,
        sum(daily.order_lines) as order_lines,
        sum(daily.purchase_amount) as purchase_amount
    from dates
    inner join daily
        on
            dates.as_of <= daily.occurred_day
            and dates.window_ends_on > daily.occurred_day
            and dates.window_ends_on > daily.received_day
    group by daily.user_id, dates.as_of

),

final as (

    select
        population.user_id,
        population.as_of,
        {{ horizon }} as horizon_days,
        coalesce(windows.activity_events, 0) > 0 as has_activity,
        coalesce(windows.order_lines, 0) > 0 as has_purchased,
        cast(coalesce(windows.purchase_amount, 0) as double precision) as purchase_amount,
        case
            when previous_windows.activity_events > 0 then coalesce(windows.activity_events, 0) = 0
        end as is_churned
    from population
    left join windows
        on population.user_id = windows.user_id and population.as_of = windows.as_of
    left join previous_windows
        on population.user_id = previous_windows.user_id and population.as_of = previous_windows.as_of

)

select * from final
