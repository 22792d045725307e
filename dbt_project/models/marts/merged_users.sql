{{ config(materialized='view', meta={'engine': 'postgres'}) }}

with identities as (

    select * from {{ ref('int_identities') }}

),

final as (

    select
        member_user_id as user_id,
        valid_from,
        valid_until,
        user_id as shown_as
    from identities
    where member_user_id <> user_id

)

select * from final
