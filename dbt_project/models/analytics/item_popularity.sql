with events as (

    select * from {{ ref('stg_events') }}

),

newest as (

    select max(as_of) as as_of from {{ ref('user_features') }}

),

recent as (

    select
        events.user_id,
        events.item_id,
        events.category,
        newest.as_of
    from events
    cross join newest
    where
        events.occurred_day < newest.as_of
        and events.received_day < newest.as_of
        and events.occurred_day >= {{ add_days('newest.as_of', -90) }}
        and events.item_id is not null
        and events.category in ('purchase', 'refund')

),

-- Whoever gave an item back does not speak for it.
kept as (

    select
        user_id,
        item_id,
        as_of
    from recent
    group by user_id, item_id, as_of
    having
        count(case when category = 'purchase' then 1 end) > count(case when category = 'refund' then 1 end)

),

final as (

    select
        item_id,
        as_of,
        count(*) as buyers
    from kept
    group by item_id, as_of

)

select * from final
