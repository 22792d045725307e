{#
    A person may have several ids (see int_identities). While ids belong together, their events count as those of one more
    user, whose key is the identity_id. Its rows and sums are made like everybody's, and so are those of the single ids. A
    snapshot shows, of each person, what is valid as of its day, under the person's user_id.
#}

{#
    The events from which daily counts are made: of every id, and of every identity once more, under its key. An identity
    learns of an event no sooner than its ids were joined.
#}
{% macro identity_events() -%}
{%- set columns = counted_columns() -%}
(
    select
        events.user_id,
        events.received_day,
        {{ columns }}
    from {{ ref('stg_events') }} as events
    union all
    select
        identities.identity_id as user_id,
        greatest(events.received_day, identities.merged_day) as received_day,
        {{ columns }}
    from {{ ref('stg_events') }} as events
    inner join {{ ref('int_identities') }} as identities on events.user_id = identities.member_user_id
)
{%- endmacro %}

{# Whether a key of int_user_daily or int_user_sums is that of an identity. No id of a user begins with a tab. #}
{% macro is_identity(key) -%}
    (left({{ key }}, 1) = chr(9))
{%- endmacro %}

{#
    A query of as_of, entity_id and user_id: for each row of the step `dates`, the keys of the identities that are valid then, and
    those of their members. All keys of a person share the user_id.
#}
{% macro identities_as_of(dates) -%}
    select distinct
        dates.as_of,
        identities.identity_id as entity_id,
        identities.user_id
    from {{ dates }} as dates
    inner join {{ ref('int_identities') }} as identities
        on dates.as_of >= identities.valid_from and dates.as_of < identities.valid_until
    union all
    select
        dates.as_of,
        identities.member_user_id as entity_id,
        identities.user_id
    from {{ dates }} as dates
    inner join {{ ref('int_identities') }} as identities
        on dates.as_of >= identities.valid_from and dates.as_of < identities.valid_until
{%- endmacro %}

{#
    Whether a key is shown on a day: an identity while it is valid, a single id while it belongs to none. `joined` is
    identities_as_of, left-joined to the key and the day.
#}
{% macro is_shown(entity_id, joined) -%}
    {{ is_identity(entity_id) }} = ({{ joined }}.entity_id is not null)
{%- endmacro %}

{# The rows of int_user_daily of every person as known today. The user_id of a person with several ids is a key. #}
{% macro days_of_persons() -%}
    select daily.*
    from {{ ref('int_user_daily') }} as daily
    left join (
        {{ identities_as_of('(select ' ~ known_until() ~ ' as as_of)') }}
    ) as joined on daily.user_id = joined.entity_id
    where {{ is_shown('daily.user_id', 'joined') }}
{%- endmacro %}

{# What int_user_daily reads of an event, beside whose it is and when it was received; `events` is the step it comes from. #}
{% macro counted_columns() -%}
        events.category,
        events.is_activity,
        events.occurred_at,
        events.occurred_day,
        events.occurred_hour,
        events.order_id,
        events.item_id,
        events.amount,
        events.quantity,
        events.source
{%- endmacro %}
