{%- set plan = sums_plan() -%}
{%- set summed = summed_columns() -%}
{%- set names = names_of_sums(summed) -%}
{{
    config(
        materialized='table',
        persist_docs={'relation': true, 'columns': false},
        pre_hook=["{{ remember_change() }}", "{{ forbid_nested_loops() }}"],
        post_hook=[
            "{{ require_keys(['user_id', 'as_of']) }}",
            "{{ refresh_statistics(['user_id', 'as_of']) }}",
            "{{ record_sums() }}"
        ]
    )
}}

-- Loops write half of this query, with the loop's indentation.
-- sqlfluff:exclude_rules:structure.column_order,layout.indent
{#- Without a day to build, the table keeps its columns and the day to keep. -#}
{%- set days = plan.days or ['0001-01-01'] -%}
{%- set steps = ([plan.base] if plan.base else []) + days -%}
{%- set leaves = window_lengths(summed) if steps | length > 1 else [] %}
{%- set requested -%}
    (select requested.as_of from ({{ as_of_dates(plan.requested) }}) as requested)
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
        {{ first_day_after(steps, 'daily.known_day') }} as as_of,
        0 as left_days
    from {{ ref('int_user_daily') }} as daily
    where {{ is_new }}

),

-- A row leaves a window on the first day for which it is too old, if it was known before. A row that is too old by the
-- time it is known neither enters nor leaves the window.
{%- for left_days in leaves %}
{%- set too_old = add_days('daily.occurred_day', left_days) %}
leaving_{{ left_days }}d as (

    select
        daily.*,
        {{ first_day_after(steps, too_old) }} as as_of,
        {{ left_days }} as left_days
    from {{ ref('int_user_daily') }} as daily
    where
        daily.occurred_day >= {{ add_days("cast('" ~ steps[0] ~ "' as date)", -left_days) }}
        and daily.occurred_day < {{ add_days("cast('" ~ steps[-1] ~ "' as date)", -left_days) }}
        and {{ first_day_after(steps, 'daily.known_day') }} < {{ first_day_after(steps, too_old) }}
        and {{ counts_in_window(left_days, summed) }}

),
{% endfor %}

moves as (

    select * from entering
    {%- for left_days in leaves %}
    union all
    select * from leaving_{{ left_days }}d
    {%- endfor %}

),

-- A weight is expensive, and is computed only for rows that a sum counts.
measured as (

    select
        *,
        {%- for half_life in summed.weights.values() | sum(start=[]) | unique | sort %}
        {%- set length = days_with_weight([half_life])[0] %}
        case
            when left_days in (0, {{ length }}) and {{ counts_in_window(length, summed) }}
                then {{ day_weight('occurred_day', half_life) }} else 0
        end as day_weight_{{ half_life }}d,
        {%- endfor %}
        {{ days_between('occurred_day', 'as_of') }} as days_ago
    from moves

),

changes as (

    select
        {%- for count in summed.firsts %}
        min(case when left_days = 0 and {{ count }} > 0 then occurred_day end) as first_{{ count }}_day,
        {%- endfor %}
        {%- for count in summed.lasts %}
        max(case when left_days = 0 and {{ count }} > 0 then occurred_day end) as last_{{ count }}_day,
        {%- endfor %}
        {%- for count in summed.totals %}
        {{ change_of_total(count) }} as {{ count }}_total,
        {%- endfor %}
        {%- for count, lengths in summed.windows.items() %}
        {%- for length in lengths %}
        {{ change_in_window(count, length) }} as {{ count }}_{{ length }}d,
        {%- endfor %}
        {%- endfor %}
        {%- for count, half_lives in summed.weights.items() %}
        {%- for half_life in half_lives %}
        {{ change_in_window(count ~ ' * day_weight_' ~ half_life ~ 'd', days_with_weight([half_life])[0]) }}
            as {{ count }}_weights_{{ half_life }}d,
        {%- endfor %}
        {%- endfor %}
        user_id,
        as_of
    from measured
    group by user_id, as_of

),

-- A purchase that becomes known late splits a gap. So all gaps of a user with a new purchase are counted again.
new_purchases as (

    select distinct
        daily.user_id,
        {{ first_day_after(steps, 'daily.known_day') }} as as_of
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
    {%- if plan.base and has_lookups() %}
    -- These are few users: one lookup each.
    cross join lateral (
        select purchases.occurred_day from {{ ref('int_user_daily') }} as purchases
        where
            new_purchases.user_id = purchases.user_id
            and new_purchases.as_of > purchases.known_day
            and purchases.purchase_days > 0
        {{ lookup_per_row() }}
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
        cast(coalesce(sum(gap * gap), 0) as {{ double_precision() }}) as gap_square_sum,
        cast(coalesce(max(gap), 0) as {{ double_precision() }}) as gap_max
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

-- The users whose sums change, on each of the days: the base, which is added to the first day, and the changes since.
carried_forward as (

    select
        users.user_id,
        days.as_of,
        {%- for count in summed.firsts %}{% set column = 'first_' ~ count ~ '_day' %}
        {{ running('min', earlier('changes.' ~ column, 'base.' ~ column) if plan.base else 'changes.' ~ column, days) }}
            as {{ column }},
        {%- endfor %}
        {%- for count in summed.lasts %}{% set column = 'last_' ~ count ~ '_day' %}
        {{ running('max', later('changes.' ~ column, 'base.' ~ column) if plan.base else 'changes.' ~ column, days) }}
            as {{ column }},
        {%- endfor %}
        {%- for name in names %}
        {%- set source = 'gap_changes' if name in ('gap_square_sum', 'gap_max') else 'changes' %}
        {%- set change = 'coalesce(' ~ source ~ '.' ~ name ~ ', 0)' %}
        {{ running('sum', change ~ ' + coalesce(base.' ~ name ~ ', 0)' if plan.base else change, days) }}
            as {{ name }}{{ ',' if not loop.last }}
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

-- Columns in the order of the table, because a day that is kept comes from it as it is.
known as (

    select * from carried_forward
    where first_events_day is not null and as_of in {{ requested }}
    {%- if plan.base %}
    union all
    -- The sums of all other users stay what they were.
    select
        base.user_id,
        days.as_of,
        {%- for count in summed.firsts %}
        base.first_{{ count }}_day,
        {%- endfor %}
        {%- for count in summed.lasts %}
        base.last_{{ count }}_day,
        {%- endfor %}
        {%- for name in names %}
        base.{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ this }} as base
    cross join days
    where
        base.as_of = cast('{{ plan.base }}' as date)
        and days.as_of in {{ requested }}
        and not exists (
            select users.user_id from users
            where users.user_id = base.user_id
        )
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
        {%- for count in summed.firsts %}
        first_{{ count }}_day,
        {%- endfor %}
        {%- for count in summed.lasts %}
        last_{{ count }}_day,
        {%- endfor %}
        {%- for name in names %}
        {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from known

)

select * from final
