{%- set horizon = var('horizon_days') | int -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_snapshots',
        on_schema_change='fail',
        partition_by=['as_of', 'horizon_days'],
        indexes=[{'columns': ['as_of', 'horizon_days', 'user_id'], 'unique': true}],
        pre_hook="{{ remember_change() }}",
        post_hook=[
            "{{ require_keys(['user_id', 'as_of', 'horizon_days']) }}",
            "{{ record_labels() }}"
        ]
    )
}}

with requested_dates as (
    {{ as_of_dates(label_days_to_build()) }}
),

daily as (

    select * from {{ ref('int_user_daily') }}

),

-- A window that is still open has no label.
dates as (

    select as_of
    from requested_dates
    where {{ add_days('as_of', horizon) }} <= {{ known_until() }}

),

users as (

    select
        user_id as entity_id,
        min(greatest(occurred_day, received_day)) as first_known_day
    from daily
    group by user_id

),

joined as (

    {{ identities_as_of('dates') }}

),

-- The population as of D: users about whom something was known when day D began. Of a person, what was valid then.
population as (

    select
        users.entity_id,
        coalesce(joined.user_id, users.entity_id) as user_id,
        dates.as_of,
        {{ horizon }} as horizon_days
    from users
    inner join dates on users.first_known_day < dates.as_of
    left join joined on users.entity_id = joined.entity_id and dates.as_of = joined.as_of
    where {{ is_shown('users.entity_id', 'joined') }}

),

{{ label_steps('population') }},

final as (

    select
        user_id,
        as_of,
        horizon_days,
        has_activity,
        has_purchased,
        purchase_amount,
        is_churned
    from labels

)

select * from final
