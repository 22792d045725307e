{{
    config(
        schema='ml',
        meta={'engine': 'postgres'},
        materialized='incremental',
        incremental_strategy='insert_once',
        unique_key=['as_of', 'horizon_days', 'user_id'],
        full_refresh=false
    )
}}

with ledger as (

    select * from {{ source('predictions', 'ledger') }}

),

joined as (

    select * from {{ this }}

),

-- A day about which nothing has arrived yet is not known, whatever day the run is for: an outcome is never taken back.
seen_until as (

    select least({{ known_until() }}, {{ add_days('max(received_day)', 1) }}) as seen_until
    from {{ ref('int_user_daily') }}
    where not {{ is_identity('user_id') }}

),

-- What is joined already is left out before rows are made unique: nearly all of the ledger is.
closed as (

    select distinct
        ledger.user_id,
        -- The ledger has the id that was asked about, which may be any of a person's.
        coalesce(identities.identity_id, ledger.user_id) as entity_id,
        ledger.as_of,
        ledger.horizon_days
    from ledger
    inner join seen_until on {{ add_days('ledger.as_of', 'ledger.horizon_days') }} <= seen_until.seen_until
    left join joined
        on
            ledger.as_of = joined.as_of
            and ledger.horizon_days = joined.horizon_days
            and ledger.user_id = joined.user_id
    left join {{ ref('int_identities') }} as identities
        on
            ledger.user_id = identities.member_user_id
            and ledger.as_of >= identities.valid_from
            and ledger.as_of < identities.valid_until
    where ledger.horizon_days > 0 and ledger.user_id is not null and joined.user_id is null

),

{{ label_steps('closed') }},

final as (

    select
        user_id,
        as_of,
        horizon_days,
        has_activity,
        has_purchased,
        purchase_amount,
        is_churned,
        current_timestamp as joined_at
    from labels

)

select * from final
