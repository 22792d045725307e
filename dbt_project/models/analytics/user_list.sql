{{
    config(
        meta={'engine': 'postgres'},
        post_hook=["{{ require_keys(['user_id', 'as_of']) }}", "{{ index_user_list() }}", "{{ refresh_statistics() }}"]
    )
}}

with features as (

    select * from {{ ref('user_features') }}

),

newest as (

    select max(as_of) as as_of from features

),

users as (

    select features.*
    from features
    inner join newest on features.as_of = newest.as_of

),

scores as (

    select scores.*
    from {{ source('ml', 'scores') }} as scores
    inner join newest on scores.as_of = newest.as_of

),

-- A day can be scored for several horizons; what was scored last counts.
horizons as (

    select
        model,
        horizon_days,
        row_number() over (partition by model order by max(scored_at) desc, horizon_days) as place
    from scores
    group by model, horizon_days

),

answers as (

    select scores.*
    from scores
    inner join horizons on scores.model = horizons.model and scores.horizon_days = horizons.horizon_days
    where horizons.place = 1

),

segments as (

    select * from answers
    where model = 'segmentation'

),

purchases as (

    select * from answers
    where model = 'purchase'

),

-- Only who was active until now can be lost.
leavers as (

    select
        users.user_id,
        answers.score
    from answers
    inner join users on answers.user_id = users.user_id
    where answers.model = 'churn' and users.days_since_last_activity <= answers.horizon_days

),

-- The odds of an ordinary user, as serving.answers.risk_of takes them.
ordinary as (

    select {{ odds('least(greatest(avg(score), 0.01), 0.8)') }} as odds
    from leavers

),

final as (

    select
        users.user_id,
        users.as_of,
        {{ add_days('users.as_of', '-users.days_since_first_seen') }} as first_seen_day,
        {{ add_days('users.as_of', '-users.days_since_last_activity') }} as last_active_day,
        users.orders_total,
        users.purchase_amount_total,
        case
            when users.active_days_total = 0 then null
            when users.telegram_share >= greatest(users.web_share, users.mobile_share) and users.telegram_share > 0
                then 'telegram'
            when users.web_share >= users.mobile_share and users.web_share > 0 then 'web'
            when users.mobile_share > 0 then 'mobile'
            else 'other'
        end as main_source,
        segments.segment_id,
        segments.segment,
        purchases.score as purchase_probability,
        purchases.expected_value,
        leavers.score as churn_probability,
        case
            when {{ odds('leavers.score') }} < ordinary.odds / 2 then 'low'
            when {{ odds('leavers.score') }} > ordinary.odds * 2 then 'high'
            when leavers.score is not null then 'medium'
        end as churn_risk
    from users
    cross join ordinary
    left join segments on users.user_id = segments.user_id
    left join purchases on users.user_id = purchases.user_id
    left join leavers on users.user_id = leavers.user_id

)

select * from final
