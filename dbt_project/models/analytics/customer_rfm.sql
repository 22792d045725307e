with features as (

    select * from {{ ref('user_features') }}

),

newest as (

    select max(as_of) as as_of from features

),

buyers as (

    select
        features.user_id,
        features.as_of,
        features.days_since_last_purchase as recency_days,
        features.orders_total as frequency_orders,
        -- The share is exact where all is given back; elsewhere rounding takes off what the division left.
        {{ in_ten_thousandths('features.purchase_amount_total * (1 - coalesce(features.refund_amount_share, 0))') }}
            as monetary_amount
    from features
    inner join newest on features.as_of = newest.as_of
    where features.purchase_days_total > 0

),

-- By rank rather than by fifths of the row count, so that equal users get equal scores.
ranks as (

    select
        *,
        percent_rank() over (order by recency_days desc) as recency_rank,
        percent_rank() over (order by frequency_orders) as frequency_rank,
        percent_rank() over (order by monetary_amount) as monetary_rank
    from buyers

),

scores as (

    select
        *,
        cast(least(floor(5 * recency_rank) + 1, 5) as integer) as recency_score,
        cast(least(floor(5 * frequency_rank) + 1, 5) as integer) as frequency_score,
        cast(least(floor(5 * monetary_rank) + 1, 5) as integer) as monetary_score
    from ranks

),

value_scores as (

    select
        *,
        floor((frequency_score + monetary_score + 1) / 2.0) as value_score
    from scores

),

final as (

    select
        user_id,
        as_of,
        recency_days,
        frequency_orders,
        monetary_amount,
        recency_score,
        frequency_score,
        monetary_score,
        100 * recency_score + 10 * frequency_score + monetary_score as rfm_score,
        case
            when recency_score >= 4 and value_score >= 4 then 'champion'
            when recency_score >= 4 and value_score >= 2 then 'promising'
            when recency_score >= 4 then 'new'
            when recency_score = 3 and value_score >= 4 then 'loyal'
            when recency_score = 3 and value_score >= 2 then 'needs_attention'
            when recency_score = 3 then 'about_to_sleep'
            when value_score = 5 then 'cannot_lose'
            when value_score >= 3 then 'at_risk'
            when value_score = 2 then 'hibernating'
            else 'lost'
        end as rfm_cell
    from value_scores

)

select * from final
