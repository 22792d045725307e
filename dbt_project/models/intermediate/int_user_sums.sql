{%- set plan = sums_plan() -%}
{%- set summed = summed_columns() -%}
{{
    config(
        materialized='table',
        persist_docs={'relation': true, 'columns': false},
        pre_hook=["{{ remember_change() }}", "{{ joined_at_once() }}"],
        post_hook=[
            "{{ require_keys(['user_id', 'as_of']) }}",
            "{{ refresh_statistics(['user_id', 'as_of']) }}",
            "{{ record_sums() }}"
        ]
    )
}}

-- Half of it is written by loops, whose indentation is that of the loop.
-- sqlfluff:exclude_rules:structure.column_order,layout.indent
{#- Without a day to build the table keeps its columns and what is to be kept. -#}
{%- set days = plan.days or ['0001-01-01'] -%}
{%- set steps = ([plan.base] if plan.base else []) + days -%}
{%- set leaves = summed.windows.values() | sum(start=[]) | unique | sort if steps | length > 1 else [] %}
{%- set asked -%}
    (select asked.as_of from ({{ as_of_dates(plan.asked) }}) as asked)
{%- endset -%}
{%- set is_new -%}
    daily.known_day < cast('{{ steps[-1] }}' as date)
    {%- if plan.base %} and daily.known_day >= cast('{{ plan.base }}' as date){% endif %}
{%- endset %}

with days as (
    {{ as_of_dates(days) }}
),

-- A row enters on the first day as of which it is known. If that is the base or earlier, it is in the base's sums.
entering as (

    select
        daily.*,
        {{ first_later(steps, 'daily.known_day') }} as as_of,
        0 as left_days
    from {{ ref('int_user_daily') }} as daily
    where {{ is_new }}

),

-- It leaves a window on the first day for which it is too old, if it was known before. A row that is too old by the
-- time it is known neither enters nor leaves.
{%- for left_days in leaves %}
{%- set too_old = add_days('daily.occurred_day', left_days) %}
leaving_{{ left_days }}d as (

    select
        daily.*,
        {{ first_later(steps, too_old) }} as as_of,
        {{ left_days }} as left_days
    from {{ ref('int_user_daily') }} as daily
    where
        daily.occurred_day >= {{ add_days("cast('" ~ steps[0] ~ "' as date)", -left_days) }}
        and daily.occurred_day < {{ add_days("cast('" ~ steps[-1] ~ "' as date)", -left_days) }}
        and {{ first_later(steps, 'daily.known_day') }} < {{ first_later(steps, too_old) }}
        and {{ counts_within(left_days) }}

),
{% endfor %}

moves as (

    select * from entering
    {%- for left_days in leaves %}
    union all
    select * from leaving_{{ left_days }}d
    {%- endfor %}

),

-- Money and pieces in whole ten-thousandths, rounded by day and day of arrival. Most rows have none; numeric is slow.
measured as (

    select
        *,
        {{ days_between('occurred_day', 'as_of') }} as days_ago,
        case when order_lines > 0 then cast(round(10000 * purchase_amount) as double precision) else 0 end
            as purchase_units,
        case when order_lines > 0 then cast(round(10000 * quantity) as double precision) else 0 end as quantity_units,
        case when refunds > 0 then cast(round(10000 * refund_amount) as double precision) else 0 end as refund_units,
        case when {{ iso_weekday('occurred_day') }} >= 6 then activity_events else 0 end as weekend_events,
        case when active_days > 0 and left_days in (0, 600) then {{ day_weight('occurred_day', 30) }} else 0 end
            as active_weight,
        case when purchase_days > 0 and left_days in (0, 600) then {{ day_weight('occurred_day', 30) }} else 0 end
            as purchase_weight,
        case when purchase_days > 0 and left_days in (0, 2400) then {{ day_weight('occurred_day', 120) }} else 0 end
            as purchase_slow_weight
    from moves

),

changes as (

    select
        user_id,
        as_of,
        {%- for name, column in summed.firsts.items() %}
        min(case when left_days = 0 and {{ column }} > 0 then occurred_day end) as first_{{ name }}_day,
        {%- endfor %}
        {%- for name, column in summed.lasts.items() %}
        max(case when left_days = 0 and {{ column }} > 0 then occurred_day end) as last_{{ name }}_day,
        {%- endfor %}
        {%- for column in summed.totals %}
        {{ moved(column) }} as {{ column }}_total,
        {%- endfor %}
        {%- for column, lengths in summed.windows.items() %}
        {%- set is_last = loop.last %}
        {%- for length in lengths %}
        {{ moved_in_window(column, length) }} as {{ column }}_{{ length }}d{{ ',' if not (is_last and loop.last) }}
        {%- endfor %}
        {%- endfor %}
    from measured
    group by user_id, as_of

),

-- A purchase that becomes known late splits a gap. So whoever has a new purchase gets all gaps counted anew.
new_purchases as (

    select distinct
        daily.user_id,
        {{ first_later(steps, 'daily.known_day') }} as as_of
    from {{ ref('int_user_daily') }} as daily
    where daily.purchase_days > 0 and {{ is_new }}

),

gaps as (

    select
        new_purchases.user_id,
        new_purchases.as_of,
        {{ days_between(
            'lag(daily.occurred_day) over (
                partition by new_purchases.user_id, new_purchases.as_of order by daily.occurred_day
            )',
            'daily.occurred_day'
        ) }} as gap
    from new_purchases
    {%- if plan.base %}
    -- Few users, so a look-up each.
    cross join lateral (
        select purchases.occurred_day from {{ ref('int_user_daily') }} as purchases
        where
            new_purchases.user_id = purchases.user_id
            and new_purchases.as_of > purchases.known_day
            and purchases.purchase_days > 0
        {{ looked_up() }}
    ) as daily
    {%- else %}
    inner join {{ ref('int_user_daily') }} as daily
        on
            new_purchases.user_id = daily.user_id
            and new_purchases.as_of > daily.known_day
            and daily.purchase_days > 0
    {%- endif %}

),

gap_sums as (

    select
        user_id,
        as_of,
        cast(coalesce(sum(gap * gap), 0) as double precision) as gap_square_sum,
        cast(coalesce(max(gap), 0) as double precision) as gap_max
    from gaps
    group by user_id, as_of

),

gap_changes as (

    select
        gap_sums.user_id,
        gap_sums.as_of,
        {%- for name in ['gap_square_sum', 'gap_max'] %}
        gap_sums.{{ name }} - coalesce(
            lag(gap_sums.{{ name }}) over (partition by gap_sums.user_id order by gap_sums.as_of)
            {{- ', base.' ~ name if plan.base }}, 0
        ) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from gap_sums
    {%- if plan.base %}
    left join {{ this }} as base on gap_sums.user_id = base.user_id and base.as_of = cast('{{ plan.base }}' as date)
    {%- endif %}

),

users as (

    select user_id from changes
    group by user_id

),

-- Whose sums change, on each of the days: the base, which comes to the first of them, and what has changed since.
rolled as (

    select
        users.user_id,
        days.as_of,
        {%- for name in summed.firsts %}{% set column = 'first_' ~ name ~ '_day' %}
        {{ so_far('min', earlier('changes.' ~ column, 'base.' ~ column) if plan.base else 'changes.' ~ column, days) }}
            as {{ column }},
        {%- endfor %}
        {%- for name in summed.lasts %}{% set column = 'last_' ~ name ~ '_day' %}
        {{ so_far('max', later('changes.' ~ column, 'base.' ~ column) if plan.base else 'changes.' ~ column, days) }}
            as {{ column }},
        {%- endfor %}
        {%- for column in summed.names %}
        {%- set source = 'gap_changes' if column in ('gap_square_sum', 'gap_max') else 'changes' %}
        {%- set change = 'coalesce(' ~ source ~ '.' ~ column ~ ', 0)' %}
        {{ so_far('sum', change ~ ' + coalesce(base.' ~ column ~ ', 0)' if plan.base else change, days) }}
            as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from users
    cross join days
    left join changes on users.user_id = changes.user_id and days.as_of = changes.as_of
    left join gap_changes on users.user_id = gap_changes.user_id and days.as_of = gap_changes.as_of
    {%- if plan.base %}
    left join {{ this }} as base
        on
            users.user_id = base.user_id
            and base.as_of = cast('{{ plan.base }}' as date)
            and days.as_of = cast('{{ days[0] }}' as date)
    {%- endif %}
    window so_far as (partition by users.user_id order by days.as_of rows unbounded preceding)

),

-- In the order of the columns of the table, from which a day that is kept comes as it is.
known as (

    select * from rolled
    where first_seen_day is not null and as_of in {{ asked }}
    {%- if plan.base %}
    union all
    -- Everyone else's stay what they were.
    select
        base.user_id,
        days.as_of,
        {%- for name in summed.firsts %}
        base.first_{{ name }}_day,
        {%- endfor %}
        {%- for name in summed.lasts %}
        base.last_{{ name }}_day,
        {%- endfor %}
        {%- for column in summed.names %}
        base.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ this }} as base
    cross join days
    where
        base.as_of = cast('{{ plan.base }}' as date)
        and days.as_of in {{ asked }}
        and not exists (select users.user_id from users where users.user_id = base.user_id)
    {%- endif %}
    {%- if plan.kept %}
    union all
    select * from {{ this }}
    where as_of = cast('{{ plan.kept }}' as date)
    {%- endif %}

),

final as (

    select
        user_id,
        as_of,
        first_seen_day,
        first_activity_day,
        first_purchase_day,
        last_activity_day,
        last_purchase_day,
        last_refund_day,
        last_session_day,
        last_cart_day,
        last_notification_opened_day,
        active_days_total,
        activity_events_total,
        purchase_days_total,
        orders_total,
        purchase_units_total,
        refund_units_total,
        refunds_total,
        order_lines_total,
        quantity_units_total,
        purchased_items_total,
        weekend_events_total,
        night_events_total,
        morning_events_total,
        afternoon_events_total,
        evening_events_total,
        telegram_events_total,
        web_events_total,
        mobile_events_total,
        sessions_total,
        carts_total,
        feedback_total,
        active_days_7d,
        active_days_14d,
        active_days_30d,
        active_days_60d,
        active_days_90d,
        active_days_180d,
        active_days_365d,
        active_weight_600d,
        activity_events_30d,
        activity_events_90d,
        purchase_weight_600d,
        purchase_slow_weight_2400d,
        orders_7d,
        orders_14d,
        orders_30d,
        orders_60d,
        orders_90d,
        orders_180d,
        orders_335d,
        orders_365d,
        purchase_units_30d,
        purchase_units_90d,
        purchase_units_180d,
        purchase_units_365d,
        refunds_90d,
        order_lines_90d,
        items_30d,
        purchased_items_90d,
        telegram_events_30d,
        web_events_30d,
        mobile_events_30d,
        sessions_7d,
        sessions_30d,
        commands_30d,
        messages_30d,
        views_30d,
        searches_30d,
        carts_30d,
        checkouts_30d,
        other_events_30d,
        notifications_sent_30d,
        notifications_sent_90d,
        notifications_opened_30d,
        notifications_opened_90d,
        feedback_90d,
        gap_square_sum,
        gap_max
    from known

)

select * from final
