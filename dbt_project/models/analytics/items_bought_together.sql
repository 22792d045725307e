{{ config(pre_hook="{{ forbid_nested_loops() }}") }}

with events as (

    select * from {{ ref('stg_events') }}

),

newest as (

    select max(as_of) as as_of from {{ ref('user_features') }}

),

lines as (

    select distinct
        events.user_id,
        events.order_id,
        events.item_id,
        newest.as_of
    from events
    cross join newest
    where
        events.occurred_day < newest.as_of
        and events.received_day < newest.as_of
        and events.occurred_day >= {{ add_days('newest.as_of', -365) }}
        and events.category = 'purchase'
        and events.item_id is not null
        and events.order_id is not null

),

-- An order of a hundred things says little about any two of them, and has thousands of pairs.
orders as (

    select
        user_id,
        order_id
    from lines
    group by user_id, order_id
    having count(*) between 2 and 30

),

ordered as (

    select lines.*
    from lines
    inner join orders on lines.user_id = orders.user_id and lines.order_id = orders.order_id

),

pairs as (

    select
        ordered.item_id,
        companions.item_id as other_item_id,
        ordered.as_of,
        count(distinct ordered.user_id) as buyers
    from ordered
    inner join ordered as companions on ordered.user_id = companions.user_id and ordered.order_id = companions.order_id
    where ordered.item_id <> companions.item_id
    group by ordered.item_id, companions.item_id, ordered.as_of

),

ranked as (

    select
        *,
        row_number() over (partition by item_id order by buyers desc, other_item_id asc) as place
    from pairs

),

final as (

    select
        item_id,
        other_item_id,
        as_of,
        buyers
    from ranked
    where place <= 20

)

select * from final
