{{
    config(
        materialized='incremental',
        incremental_strategy='replace_identities',
        on_schema_change='fail',
        full_refresh=false,
        indexes=[{'columns': ['identity_id', 'member_user_id'], 'unique': true}, {'columns': ['member_user_id']}],
        pre_hook="{{ record_first_identities() }}",
        post_hook=[
            "{{ require_keys(['identity_id', 'member_user_id']) }}",
            "{{ keep_no_samples(['member_user_id', 'user_id']) }}",
            "{{ refresh_statistics() }}"
        ]
    )
}}

with identities as (

    select * from {{ source('raw', 'identities') }}

),

-- Days that are counted already outlive an archive, but those of an identity are counted from the events.
uncountable as (

    {{ uncountable_identities() }}

),

final as (

    select
        identities.identity_id,
        identities.member_user_id,
        identities.user_id,
        identities.merged_day,
        identities.valid_from,
        identities.valid_until
    from identities
    left join uncountable on identities.identity_id = uncountable.identity_id
    where uncountable.identity_id is null

)

select * from final
