{#
    The one definition of labels, as steps of a query. The last step, `labels`, has has_activity, has_purchased,
    purchase_amount and is_churned for every row of the step `population`, which has user_id, as_of and horizon_days, each
    combination once, and entity_id, the user's key in int_user_daily as of that day: what an id did that was joined to the
    user's later is not the user's. The caller decides who belongs to the population, and takes only windows that have closed.
#}
{% macro label_steps(population) -%}
{%- set window_ends_on = add_days('population.as_of', 'population.horizon_days') -%}
{%- set previous_window_begins_on = add_days('population.as_of', '-population.horizon_days') -%}
-- Both windows of every row, with one read of the user's days. What was known when a window closed counts: what is
-- received later changes no label.
window_days as (

    select
        population.user_id,
        population.as_of,
        population.horizon_days,
        daily.activity_events,
        daily.order_lines,
        daily.purchase_amount,
        daily.occurred_day < population.as_of and daily.received_day < population.as_of as is_before,
        daily.occurred_day >= population.as_of and daily.received_day < {{ window_ends_on }} as is_within
    from {{ population }} as population
    left join {{ ref('int_user_daily') }} as daily
        on
            population.entity_id = daily.user_id
            and {{ previous_window_begins_on }} <= daily.occurred_day
            and {{ window_ends_on }} > daily.occurred_day

),

window_sums as (

    select
        user_id,
        as_of,
        horizon_days,
        coalesce(sum(case when is_before then activity_events end), 0) as previous_activity_events,
        coalesce(sum(case when is_within then activity_events end), 0) as activity_events,
        coalesce(sum(case when is_within then order_lines end), 0) as order_lines,
        coalesce(sum(case when is_within then purchase_amount end), 0) as purchase_amount
    from window_days
    group by user_id, as_of, horizon_days

),

labels as (

    select
        user_id,
        as_of,
        horizon_days,
        activity_events > 0 as has_activity,
        order_lines > 0 as has_purchased,
        cast(purchase_amount as {{ double_precision() }}) as purchase_amount,
        case when previous_activity_events > 0 then activity_events = 0 end as is_churned
    from window_sums

)
{%- endmacro %}
