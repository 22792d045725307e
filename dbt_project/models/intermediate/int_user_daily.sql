{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['user_id', 'occurred_day'],
        on_schema_change='fail',
        indexes=[
            {'columns': ['user_id', 'occurred_day', 'received_day'], 'unique': true},
            {'columns': ['occurred_day']},
            {'columns': ['known_day']},
        ],
        pre_hook=watermark_hooks('int_user_daily'),
        post_hook=[
            "{{ require_keys(['user_id', 'occurred_day', 'received_day']) }}",
            "{{ index_purchases() }}",
            "{{ refresh_statistics(['user_id', 'occurred_day', 'received_day', 'known_day', 'purchase_days']) }}",
            "{{ record_change() }}",
            "{{ store_watermark('int_user_daily') }}"
        ]
    )
}}

{#- A full refresh reads the view itself in each step: scanned in parallel, with no copy of all events kept. -#}
{%- set events = 'touched_events' if is_incremental() else ref('stg_events') -%}

with
-- An order whose lines arrive on several days is counted on the first of them, so that a sum over the days known as of
-- D counts it once, whatever D is. The same holds for an item bought twice on one day.
orders as (

    select
        user_id,
        occurred_day,
        order_id,
        min(received_day) as received_day
    from {{ events }}
    where category = 'purchase' and order_id is not null
    group by user_id, occurred_day, order_id

),

orders_by_day as (

    select
        user_id,
        occurred_day,
        received_day,
        count(*) as orders
    from orders
    group by user_id, occurred_day, received_day

),

items as (

    select
        user_id,
        occurred_day,
        item_id,
        min(received_day) as received_day,
        min(case when category = 'purchase' then received_day end) as purchase_received_day
    from {{ events }}
    where item_id is not null and is_activity
    group by user_id, occurred_day, item_id

),

items_by_day as (

    select
        user_id,
        occurred_day,
        received_day,
        count(*) as items
    from items
    group by user_id, occurred_day, received_day

),

purchased_items_by_day as (

    select
        user_id,
        occurred_day,
        purchase_received_day as received_day,
        count(*) as purchased_items
    from items
    where purchase_received_day is not null
    group by user_id, occurred_day, purchase_received_day

),

counts_by_day as (

    select
        user_id,
        occurred_day,
        received_day,
        count(*) as events,
        sum(case when is_activity then 1 else 0 end) as activity_events,
        sum(case when category = 'session' then 1 else 0 end) as sessions,
        sum(case when category = 'command' then 1 else 0 end) as commands,
        sum(case when category = 'message' then 1 else 0 end) as messages,
        sum(case when category = 'view' then 1 else 0 end) as views,
        sum(case when category = 'search' then 1 else 0 end) as searches,
        sum(case when category = 'cart' then 1 else 0 end) as carts,
        sum(case when category = 'checkout' then 1 else 0 end) as checkouts,
        sum(case when category = 'purchase' then 1 else 0 end) as order_lines,
        sum(case when category = 'purchase' and order_id is null then 1 else 0 end) as orders_without_id,
        sum(case when category = 'purchase' then coalesce(quantity, 0) else 0 end) as quantity,
        sum(case when category = 'purchase' then coalesce(amount, 0) else 0 end) as purchase_amount,
        sum(case when category = 'refund' then 1 else 0 end) as refunds,
        sum(case when category = 'refund' then abs(coalesce(amount, 0)) else 0 end) as refund_amount,
        sum(case when category = 'notification_sent' then 1 else 0 end) as notifications_sent,
        sum(case when category = 'notification_withheld' then 1 else 0 end) as notifications_withheld,
        sum(case when category = 'notification_opened' then 1 else 0 end) as notifications_opened,
        sum(case when category = 'feedback' then 1 else 0 end) as feedback,
        sum(case when category = 'other' then 1 else 0 end) as other_events,
        sum(case when is_activity and occurred_hour < 6 then 1 else 0 end) as night_events,
        sum(case when is_activity and occurred_hour between 6 and 11 then 1 else 0 end) as morning_events,
        sum(case when is_activity and occurred_hour between 12 and 17 then 1 else 0 end) as afternoon_events,
        sum(case when is_activity and occurred_hour >= 18 then 1 else 0 end) as evening_events,
        sum(case when is_activity and source = 'telegram' then 1 else 0 end) as telegram_events,
        sum(case when is_activity and source = 'web' then 1 else 0 end) as web_events,
        sum(case when is_activity and source = 'mobile' then 1 else 0 end) as mobile_events
    from {{ events }}
    group by user_id, occurred_day, received_day

),

-- The first received day on which each kind of day became known.
first_known as (

    select
        *,
        min(case when activity_events > 0 then received_day end)
            over (partition by user_id, occurred_day) as first_active_received_day,
        min(case when order_lines > 0 then received_day end)
            over (partition by user_id, occurred_day) as first_purchase_received_day
    from counts_by_day

),

final as (

    select
        first_known.user_id,
        first_known.occurred_day,
        first_known.received_day,
        greatest(first_known.occurred_day, first_known.received_day) as known_day,
        cast(first_known.events as integer) as events,
        cast(first_known.activity_events as integer) as activity_events,
        case when first_known.received_day = first_known.first_active_received_day then 1 else 0 end as active_days,
        case when first_known.received_day = first_known.first_purchase_received_day then 1 else 0 end as purchase_days,
        cast(first_known.orders_without_id + coalesce(orders_by_day.orders, 0) as integer) as orders,
        cast(first_known.order_lines as integer) as order_lines,
        first_known.quantity,
        first_known.purchase_amount,
        cast(first_known.refunds as integer) as refunds,
        first_known.refund_amount,
        cast(coalesce(items_by_day.items, 0) as integer) as items,
        cast(coalesce(purchased_items_by_day.purchased_items, 0) as integer) as purchased_items,
        cast(first_known.sessions as integer) as sessions,
        cast(first_known.commands as integer) as commands,
        cast(first_known.messages as integer) as messages,
        cast(first_known.views as integer) as views,
        cast(first_known.searches as integer) as searches,
        cast(first_known.carts as integer) as carts,
        cast(first_known.checkouts as integer) as checkouts,
        cast(first_known.notifications_sent as integer) as notifications_sent,
        cast(first_known.notifications_withheld as integer) as notifications_withheld,
        cast(first_known.notifications_opened as integer) as notifications_opened,
        cast(first_known.feedback as integer) as feedback,
        cast(first_known.other_events as integer) as other_events,
        cast(first_known.night_events as integer) as night_events,
        cast(first_known.morning_events as integer) as morning_events,
        cast(first_known.afternoon_events as integer) as afternoon_events,
        cast(first_known.evening_events as integer) as evening_events,
        cast(first_known.telegram_events as integer) as telegram_events,
        cast(first_known.web_events as integer) as web_events,
        cast(first_known.mobile_events as integer) as mobile_events
    from first_known
    left join orders_by_day
        on
            first_known.user_id = orders_by_day.user_id
            and first_known.occurred_day = orders_by_day.occurred_day
            and first_known.received_day = orders_by_day.received_day
    left join items_by_day
        on
            first_known.user_id = items_by_day.user_id
            and first_known.occurred_day = items_by_day.occurred_day
            and first_known.received_day = items_by_day.received_day
    left join purchased_items_by_day
        on
            first_known.user_id = purchased_items_by_day.user_id
            and first_known.occurred_day = purchased_items_by_day.occurred_day
            and first_known.received_day = purchased_items_by_day.received_day
    -- A day's rows lie together, also after a full refresh: a snapshot reads few days of all users.
    order by known_day, first_known.user_id

)

select * from final
