{{
    config(
        materialized='incremental',
        incremental_strategy='replace_snapshots',
        on_schema_change='sync_all_columns',
        partition_by='as_of',
        indexes=[{'columns': ['as_of', 'user_id'], 'unique': true}],
        pre_hook=["{{ remember_change() }}", "{{ require_sums() }}"],
        post_hook=[
            "{{ require_keys(['user_id', 'as_of']) }}",
            "{{ record_snapshots(days_to_build('user_features')) }}"
        ]
    )
}}

with dates as (
    {{ as_of_dates(days_to_build('user_features')) }}
),

sums as (

    select * from {{ ref('int_user_sums') }}

),

joined as (

    {{ identities_as_of('dates') }}

),

-- Of each person what is valid on the day: see the macro is_shown.
known as (

    select
        sums.*,
        joined.user_id as user_id_of_person,
        {{ days_between('sums.first_events_day', 'sums.as_of') }} as days_since_first_seen,
        {{ days_between('sums.first_activity_events_day', 'sums.as_of') }} as days_since_first_activity,
        {{ days_between('sums.first_order_lines_day', 'sums.as_of') }} as days_since_first_purchase,
        {{ days_between('sums.last_activity_events_day', 'sums.as_of') }} as days_since_last_activity,
        {{ days_between('sums.last_order_lines_day', 'sums.as_of') }} as days_since_last_purchase,
        {{ days_between('sums.last_refunds_day', 'sums.as_of') }} as days_since_last_refund,
        {{ days_between('sums.last_sessions_day', 'sums.as_of') }} as days_since_last_session,
        {{ days_between('sums.last_carts_day', 'sums.as_of') }} as days_since_last_cart,
        {{ days_between('sums.last_notifications_opened_day', 'sums.as_of') }} as days_since_last_notification_opened,
        {{ days_between('sums.first_order_lines_day', 'sums.last_order_lines_day') }} as gap_sum,
        greatest(sums.purchase_days_total - 1, 0) as gaps,
        {{ decayed_days('sums.active_days_weights_30d', 'sums.as_of', 30) }} as active_days_decay_30d,
        {{ decayed_days('sums.purchase_days_weights_30d', 'sums.as_of', 30) }} as purchase_days_decay_30d,
        {{ decayed_days('sums.purchase_days_weights_120d', 'sums.as_of', 120) }} as purchase_days_decay_120d
    from sums
    inner join dates on sums.as_of = dates.as_of
    left join joined on sums.user_id = joined.entity_id and sums.as_of = joined.as_of
    where {{ is_shown('sums.user_id', 'joined') }}

),

means as (

    select
        *,
        {{ ratio('gap_sum', 'gaps') }} as purchase_gap_mean_days,
        {{ ratio('days_since_first_activity - days_since_last_activity', 'active_days_total - 1') }}
            as activity_gap_mean_days,
        {{ ratio('purchase_units_total', '10000 * orders_total') }} as average_order_amount,
        {{ ratio('purchase_units_90d', '10000 * orders_90d') }} as average_order_amount_90d
    from known

),

final as (

    select
        coalesce(user_id_of_person, user_id) as user_id,
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
        active_days_decay_30d,
        {{ ratio('30 * active_days_total', 'days_since_first_seen') }} as active_days_per_month,
        cast(activity_events_total as integer) as activity_events_total,
        cast(activity_events_30d as integer) as activity_events_30d,
        cast(activity_events_90d as integer) as activity_events_90d,
        cast(purchase_days_total as integer) as purchase_days_total,
        cast(greatest(purchase_days_total - 1, 0) as integer) as repeat_purchase_days,
        {{ ratio('30 * purchase_days_total', 'days_since_first_purchase') }} as purchase_days_per_month,
        purchase_days_decay_30d,
        purchase_days_decay_120d,
        cast(orders_total as integer) as orders_total,
        cast(orders_7d as integer) as orders_7d,
        cast(orders_14d as integer) as orders_14d,
        cast(orders_30d as integer) as orders_30d,
        cast(orders_60d as integer) as orders_60d,
        cast(orders_90d as integer) as orders_90d,
        cast(orders_180d as integer) as orders_180d,
        cast(orders_365d as integer) as orders_365d,
        cast(orders_365d - orders_335d as integer) as orders_same_season,

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
        case when gaps >= 1 then cast(gap_max as integer) end as purchase_gap_max_days,
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
        {{ ratio('weekend_events_total', 'activity_events_total') }} as weekend_share,
        {{ ratio('night_events_total', 'activity_events_total') }} as night_share,
        {{ ratio('morning_events_total', 'activity_events_total') }} as morning_share,
        {{ ratio('afternoon_events_total', 'activity_events_total') }} as afternoon_share,
        {{ ratio('evening_events_total', 'activity_events_total') }} as evening_share,
        {{ ratio('activity_events_total', 'active_days_total') }} as events_per_active_day,

        -- sources
        {{ ratio('telegram_events_total', 'activity_events_total') }} as telegram_share,
        {{ ratio('web_events_total', 'activity_events_total') }} as web_share,
        {{ ratio('mobile_events_total', 'activity_events_total') }} as mobile_share,
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
