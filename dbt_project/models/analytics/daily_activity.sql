with daily as (

    {{ days_of_persons() }}

),

first_days as (

    select
        user_id,
        min(occurred_day) as first_day
    from daily
    group by user_id

),

new_users_by_day as (

    select
        first_day,
        count(*) as new_users
    from first_days
    group by first_day

),

sums as (

    select
        occurred_day,
        sum(active_days) as active_users,
        sum(purchase_days) as buyers,
        sum(events) as events,
        sum(activity_events) as activity_events,
        sum(sessions) as sessions,
        sum(orders) as orders,
        sum(order_lines) as order_lines,
        sum(purchase_amount) as purchase_amount,
        sum(refunds) as refunds,
        sum(refund_amount) as refund_amount
    from daily
    group by occurred_day

),

final as (

    select
        sums.occurred_day as activity_day,
        sums.active_users,
        coalesce(new_users_by_day.new_users, 0) as new_users,
        sums.buyers,
        sums.events,
        sums.activity_events,
        sums.sessions,
        sums.orders,
        sums.order_lines,
        sums.purchase_amount,
        sums.refunds,
        sums.refund_amount,
        sums.purchase_amount - sums.refund_amount as revenue,
        {{ ratio('sums.purchase_amount', 'sums.orders') }} as average_order_amount
    from sums
    left join new_users_by_day on sums.occurred_day = new_users_by_day.first_day

)

select * from final
