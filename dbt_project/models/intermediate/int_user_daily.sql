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
        partition_by='months(received_day)',
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

{#-
    The daily counts: which events each of them counts. A new one needs a line here and a column in the yml; its sums are
    made where user_features names them (see summed_columns).
-#}
{%- set counts = {
    'events': 'true',
    'activity_events': 'is_activity',
    'sessions': "category = 'session'",
    'commands': "category = 'command'",
    'messages': "category = 'message'",
    'views': "category = 'view'",
    'searches': "category = 'search'",
    'carts': "category = 'cart'",
    'checkouts': "category = 'checkout'",
    'order_lines': "category = 'purchase'",
    'refunds': "category = 'refund'",
    'notifications_sent': "category = 'notification_sent'",
    'notifications_withheld': "category = 'notification_withheld'",
    'notifications_opened': "category = 'notification_opened'",
    'feedback': "category = 'feedback'",
    'other_events': "category = 'other'",
    'weekend_events': 'is_activity and ' ~ iso_weekday('occurred_day') ~ ' >= 6',
    'night_events': 'is_activity and occurred_hour < 6',
    'morning_events': 'is_activity and occurred_hour between 6 and 11',
    'afternoon_events': 'is_activity and occurred_hour between 12 and 17',
    'evening_events': 'is_activity and occurred_hour >= 18',
    'telegram_events': "is_activity and source = 'telegram'",
    'web_events': "is_activity and source = 'web'",
    'mobile_events': "is_activity and source = 'mobile'",
} -%}

{#- Each step of a full refresh reads the events themselves, in parallel, so that no copy of all events is kept. -#}
{%- set events = 'touched_events' if is_incremental() else identity_events() ~ ' as events' -%}

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

counted as (

    select
        user_id,
        occurred_day,
        received_day,
        {%- for name, condition in counts.items() %}
        cast(sum(case when {{ condition }} then 1 else 0 end) as integer) as {{ name }},
        {%- endfor %}
        sum(case when category = 'purchase' and order_id is null then 1 else 0 end) as orders_without_id,
        sum(case when category = 'purchase' then coalesce(quantity, 0) else 0 end) as quantity,
        sum(case when category = 'purchase' then coalesce(amount, 0) else 0 end) as purchase_amount,
        sum(case when category = 'refund' then abs(coalesce(amount, 0)) else 0 end) as refund_amount
    from {{ events }}
    group by user_id, occurred_day, received_day

),

-- The received_day on which a day became known as active, and as a day with a purchase.
first_known as (

    select
        *,
        min(case when activity_events > 0 then received_day end)
            over (partition by user_id, occurred_day) as first_active_received_day,
        min(case when order_lines > 0 then received_day end)
            over (partition by user_id, occurred_day) as first_purchase_received_day
    from counted

),

final as (

    select
        first_known.user_id,
        first_known.occurred_day,
        first_known.received_day,
        greatest(first_known.occurred_day, first_known.received_day) as known_day,
        {%- for name in counts %}
        first_known.{{ name }},
        {%- endfor %}
        case when first_known.received_day = first_known.first_active_received_day then 1 else 0 end as active_days,
        case when first_known.received_day = first_known.first_purchase_received_day then 1 else 0 end as purchase_days,
        cast(first_known.orders_without_id + coalesce(orders_by_day.orders, 0) as integer) as orders,
        cast(coalesce(items_by_day.items, 0) as integer) as items,
        cast(coalesce(purchased_items_by_day.purchased_items, 0) as integer) as purchased_items,
        first_known.quantity,
        first_known.purchase_amount,
        first_known.refund_amount,
        -- Most rows have none, and arithmetic in numeric is slow.
        case when first_known.order_lines > 0 then {{ in_units('first_known.quantity') }} else 0 end as quantity_units,
        case when first_known.order_lines > 0 then {{ in_units('first_known.purchase_amount') }} else 0 end
            as purchase_units,
        case when first_known.refunds > 0 then {{ in_units('first_known.refund_amount') }} else 0 end as refund_units
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
    {{ lie_in_order('known_day, first_known.user_id') }}

)

select * from final
