with events as (

    select * from {{ source('raw', 'events') }}{{ at_snapshot() }}

),

event_types as (

    select * from {{ ref('event_types') }}

),

final as (

    select
        events.event_id,
        events.user_id,
        events.event_type,
        coalesce(event_types.category, 'other') as category,
        coalesce(event_types.is_activity, true) as is_activity,
        events.occurred_at,
        events.received_at,
        {{ utc_day('events.occurred_at') }} as occurred_day,
        {{ utc_day('events.received_at') }} as received_day,
        cast({{ utc_hour('events.occurred_at') }} as integer) as occurred_hour,
        events.order_id,
        events.item_id,
        {{ exact_number('coalesce(events.base_amount, events.amount)') }} as amount,
        events.currency,
        {{ exact_number('events.quantity') }} as quantity,
        events.source,
        {{ ingested_at() }} as ingested_xid
    from events
    left join event_types on events.event_type = event_types.event_type

)

select * from final
