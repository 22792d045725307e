{{
    config(
        materialized='incremental',
        incremental_strategy='replace_snapshots',
        on_schema_change='sync_all_columns',
        indexes=[{'columns': ['user_id', 'as_of'], 'unique': true}, {'columns': ['as_of']}],
        post_hook="{{ require_keys(['user_id', 'as_of']) }}"
    )
}}

with dates as (
    {{ as_of_dates() }}
),

daily as (

    select * from {{ ref('int_user_daily') }}

),

-- The time rule, and its only place: what happened before as_of and was received before as_of. Everything below adds
-- up these rows, so a snapshot does not depend on when it is built.
known as (

    select
        dates.as_of,
        daily.*,
        {{ days_between('daily.occurred_day', 'dates.as_of') }} as days_ago
    from dates
    inner join daily on dates.as_of > daily.occurred_day and dates.as_of > daily.received_day

),

-- Money and pieces in whole ten-thousandths, held in double precision: whole numbers add up to the same sum in any
-- order, as numeric does, at a fraction of its cost. A gap is that from the purchase day before, among those known.
measured as (

    select
        *,
        cast(round(10000 * purchase_amount) as double precision) as purchase_units,
        cast(round(10000 * refund_amount) as double precision) as refund_units,
        cast(round(10000 * quantity) as double precision) as quantity_units,
        case
            when purchase_days > 0 then {{ days_between(
                'max(case when purchase_days > 0 then occurred_day end) over earlier_rows', 'occurred_day'
            ) }}
        end as purchase_gap
    from known
    window earlier_rows as (
        partition by user_id, as_of order by occurred_day, received_day
        rows between unbounded preceding and 1 preceding
    )

),

sums as (

    select
        as_of,
        user_id,
        max(days_ago) as days_since_first_seen,
        {{ days_since_last('activity_events') }} as days_since_last_activity,
        {{ days_since_first('activity_events') }} as days_since_first_activity,
        {{ days_since_last('order_lines') }} as days_since_last_purchase,
        {{ days_since_first('order_lines') }} as days_since_first_purchase,
        {{ days_since_last('refunds') }} as days_since_last_refund,
        {{ days_since_last('sessions') }} as days_since_last_session,
        {{ days_since_last('carts') }} as days_since_last_cart,
        {{ days_since_last('notifications_opened') }} as days_since_last_notification_opened,

        sum(active_days) as active_days_total,
        {{ sum_last('active_days', 7) }} as active_days_7d,
        {{ sum_last('active_days', 14) }} as active_days_14d,
        {{ sum_last('active_days', 30) }} as active_days_30d,
        {{ sum_last('active_days', 60) }} as active_days_60d,
        {{ sum_last('active_days', 90) }} as active_days_90d,
        {{ sum_last('active_days', 180) }} as active_days_180d,
        {{ sum_last('active_days', 365) }} as active_days_365d,
        {{ sum_decayed('active_days', 30) }} as active_days_decay_30d,

        sum(activity_events) as activity_events_total,
        {{ sum_last('activity_events', 30) }} as activity_events_30d,
        {{ sum_last('activity_events', 90) }} as activity_events_90d,

        sum(purchase_days) as purchase_days_total,
        {{ sum_decayed('purchase_days', 30) }} as purchase_days_decay_30d,
        {{ sum_decayed('purchase_days', 120) }} as purchase_days_decay_120d,

        sum(orders) as orders_total,
        {{ sum_last('orders', 7) }} as orders_7d,
        {{ sum_last('orders', 14) }} as orders_14d,
        {{ sum_last('orders', 30) }} as orders_30d,
        {{ sum_last('orders', 60) }} as orders_60d,
        {{ sum_last('orders', 90) }} as orders_90d,
        {{ sum_last('orders', 180) }} as orders_180d,
        {{ sum_last('orders', 365) }} as orders_365d,
        {{ sum_last('orders', 365, after=335) }} as orders_same_season,

        sum(purchase_units) as purchase_units_total,
        {{ sum_last('purchase_units', 30) }} as purchase_units_30d,
        {{ sum_last('purchase_units', 90) }} as purchase_units_90d,
        {{ sum_last('purchase_units', 180) }} as purchase_units_180d,
        {{ sum_last('purchase_units', 365) }} as purchase_units_365d,
        sum(refund_units) as refund_units_total,
        sum(refunds) as refunds_total,
        {{ sum_last('refunds', 90) }} as refunds_90d,

        sum(order_lines) as order_lines_total,
        {{ sum_last('order_lines', 90) }} as order_lines_90d,
        sum(quantity_units) as quantity_units_total,
        {{ sum_last('items', 30) }} as items_30d,
        sum(purchased_items) as purchased_items_total,
        {{ sum_last('purchased_items', 90) }} as purchased_items_90d,

        sum(case when {{ iso_weekday('occurred_day') }} >= 6 then activity_events else 0 end) as weekend_events,
        sum(night_events) as night_events,
        sum(morning_events) as morning_events,
        sum(afternoon_events) as afternoon_events,
        sum(evening_events) as evening_events,
        sum(telegram_events) as telegram_events,
        sum(web_events) as web_events,
        sum(mobile_events) as mobile_events,
        {{ sum_last('telegram_events', 30) }} as telegram_events_30d,
        {{ sum_last('web_events', 30) }} as web_events_30d,
        {{ sum_last('mobile_events', 30) }} as mobile_events_30d,

        sum(sessions) as sessions_total,
        {{ sum_last('sessions', 7) }} as sessions_7d,
        {{ sum_last('sessions', 30) }} as sessions_30d,
        {{ sum_last('commands', 30) }} as commands_30d,
        {{ sum_last('messages', 30) }} as messages_30d,
        {{ sum_last('views', 30) }} as views_30d,
        {{ sum_last('searches', 30) }} as searches_30d,
        {{ sum_last('carts', 30) }} as carts_30d,
        {{ sum_last('checkouts', 30) }} as checkouts_30d,
        {{ sum_last('other_events', 30) }} as other_events_30d,
        sum(carts) as carts_total,

        {{ sum_last('notifications_sent', 30) }} as notifications_sent_30d,
        {{ sum_last('notifications_opened', 30) }} as notifications_opened_30d,
        {{ sum_last('notifications_sent', 90) }} as notifications_sent_90d,
        {{ sum_last('notifications_opened', 90) }} as notifications_opened_90d,

        sum(feedback) as feedback_total,
        {{ sum_last('feedback', 90) }} as feedback_90d,
        count(purchase_gap) as gaps,
        sum(purchase_gap) as gap_sum,
        sum(purchase_gap * purchase_gap) as gap_square_sum,
        max(purchase_gap) as gap_max
    from measured
    group by user_id, as_of

),

means as (

    select
        *,
        {{ ratio('gap_sum', 'gaps') }} as purchase_gap_mean_days,
        {{ ratio('days_since_first_activity - days_since_last_activity', 'active_days_total - 1') }}
            as activity_gap_mean_days,
        {{ ratio('purchase_units_total', '10000 * orders_total') }} as average_order_amount,
        {{ ratio('purchase_units_90d', '10000 * orders_90d') }} as average_order_amount_90d
    from sums

),

final as (

    select
        user_id,
        as_of,

        -- recency
        days_since_last_activity,
        days_since_last_purchase,
        days_since_last_session,
        days_since_last_cart,
        days_since_last_refund,
        days_since_last_notification_opened,

        -- tenure
        days_since_first_seen,
        days_since_first_purchase,
        days_since_first_seen - days_since_first_purchase as days_to_first_purchase,

        -- frequency
        cast(active_days_total as integer) as active_days_total,
        cast(active_days_7d as integer) as active_days_7d,
        cast(active_days_14d as integer) as active_days_14d,
        cast(active_days_30d as integer) as active_days_30d,
        cast(active_days_60d as integer) as active_days_60d,
        cast(active_days_90d as integer) as active_days_90d,
        cast(active_days_180d as integer) as active_days_180d,
        cast(active_days_365d as integer) as active_days_365d,
        active_days_decay_30d / 1000000 as active_days_decay_30d,
        {{ ratio('30 * active_days_total', 'days_since_first_seen') }} as active_days_per_month,
        cast(activity_events_total as integer) as activity_events_total,
        cast(activity_events_30d as integer) as activity_events_30d,
        cast(activity_events_90d as integer) as activity_events_90d,
        cast(purchase_days_total as integer) as purchase_days_total,
        cast(greatest(purchase_days_total - 1, 0) as integer) as repeat_purchase_days,
        {{ ratio('30 * purchase_days_total', 'days_since_first_purchase') }} as purchase_days_per_month,
        purchase_days_decay_30d / 1000000 as purchase_days_decay_30d,
        purchase_days_decay_120d / 1000000 as purchase_days_decay_120d,
        cast(orders_total as integer) as orders_total,
        cast(orders_7d as integer) as orders_7d,
        cast(orders_14d as integer) as orders_14d,
        cast(orders_30d as integer) as orders_30d,
        cast(orders_60d as integer) as orders_60d,
        cast(orders_90d as integer) as orders_90d,
        cast(orders_180d as integer) as orders_180d,
        cast(orders_365d as integer) as orders_365d,
        cast(orders_same_season as integer) as orders_same_season,

        -- monetary
        purchase_units_total / 10000 as purchase_amount_total,
        purchase_units_30d / 10000 as purchase_amount_30d,
        purchase_units_90d / 10000 as purchase_amount_90d,
        purchase_units_180d / 10000 as purchase_amount_180d,
        purchase_units_365d / 10000 as purchase_amount_365d,
        average_order_amount,
        average_order_amount_90d,

        -- gaps
        purchase_gap_mean_days,
        case
            when gaps >= 2
                then sqrt({{ ratio('gaps * gap_square_sum - gap_sum * gap_sum', 'gaps * (gaps - 1)') }})
        end as purchase_gap_std_days,
        gap_max as purchase_gap_max_days,
        {{ ratio('days_since_last_purchase', 'purchase_gap_mean_days') }} as purchase_recency_in_gaps,
        {{ ratio('days_since_last_purchase', 'gap_max') }} as purchase_recency_in_longest_gaps,
        activity_gap_mean_days,
        {{ ratio('days_since_last_activity', 'activity_gap_mean_days') }} as activity_recency_in_gaps,

        -- trend
        {{ trend('active_days_30d', '(active_days_60d - active_days_30d)') }} as active_days_trend_30d,
        {{ trend('active_days_90d', '(active_days_180d - active_days_90d)') }} as active_days_trend_90d,
        {{ trend('orders_90d', '(orders_180d - orders_90d)') }} as orders_trend_90d,
        {{ trend('purchase_units_90d', '(purchase_units_180d - purchase_units_90d)') }} as purchase_amount_trend_90d,
        {{ ratio('average_order_amount_90d', 'average_order_amount') }} as average_order_amount_ratio_90d,

        -- basket
        {{ ratio('order_lines_total', 'orders_total') }} as lines_per_order,
        {{ ratio('order_lines_90d', 'orders_90d') }} as lines_per_order_90d,
        {{ ratio('quantity_units_total', '10000 * orders_total') }} as quantity_per_order,

        -- breadth
        {{ ratio('purchased_items_total', 'purchase_days_total') }} as items_per_purchase_day,
        cast(purchased_items_90d as integer) as purchased_items_90d,
        cast(items_30d as integer) as items_30d,

        -- refunds
        cast(refunds_total as integer) as refunds_total,
        cast(refunds_90d as integer) as refunds_90d,
        {{ ratio('refund_units_total', 'purchase_units_total') }} as refund_amount_share,

        -- habits
        {{ ratio('weekend_events', 'activity_events_total') }} as weekend_share,
        {{ ratio('night_events', 'activity_events_total') }} as night_share,
        {{ ratio('morning_events', 'activity_events_total') }} as morning_share,
        {{ ratio('afternoon_events', 'activity_events_total') }} as afternoon_share,
        {{ ratio('evening_events', 'activity_events_total') }} as evening_share,
        {{ ratio('activity_events_total', 'active_days_total') }} as events_per_active_day,

        -- sources
        {{ ratio('telegram_events', 'activity_events_total') }} as telegram_share,
        {{ ratio('web_events', 'activity_events_total') }} as web_share,
        {{ ratio('mobile_events', 'activity_events_total') }} as mobile_share,
        {{ ratio('telegram_events_30d', 'activity_events_30d') }} as telegram_share_30d,
        {{ ratio('web_events_30d', 'activity_events_30d') }} as web_share_30d,
        {{ ratio('mobile_events_30d', 'activity_events_30d') }} as mobile_share_30d,

        -- engagement
        cast(sessions_total as integer) as sessions_total,
        cast(sessions_7d as integer) as sessions_7d,
        cast(sessions_30d as integer) as sessions_30d,
        cast(commands_30d as integer) as commands_30d,
        cast(messages_30d as integer) as messages_30d,
        cast(views_30d as integer) as views_30d,
        cast(searches_30d as integer) as searches_30d,
        cast(carts_30d as integer) as carts_30d,
        cast(checkouts_30d as integer) as checkouts_30d,
        cast(other_events_30d as integer) as other_events_30d,
        {{ ratio('orders_total', 'carts_total') }} as orders_per_cart,

        -- notifications
        cast(notifications_sent_30d as integer) as notifications_sent_30d,
        cast(notifications_opened_30d as integer) as notifications_opened_30d,
        {{ ratio('notifications_opened_90d', 'notifications_sent_90d') }} as notification_open_rate_90d,

        -- feedback
        cast(feedback_total as integer) as feedback_total,
        cast(feedback_90d as integer) as feedback_90d
    from means

)

select * from final
