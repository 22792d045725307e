{{
    config(
        materialized='table_function',
        meta={'engine': 'postgres'},
        returns='user_features',
        arguments='asked_user_ids text [], asked_as_of date',
        post_hook="{{ let_services_call() }}"
    )
}}

{#-
    No feature is stated here: the steps are those of int_user_daily, int_user_sums and user_features, each with what this
    function puts in place of its input.
-#}
-- A loop writes a part of this query, with the loop's indentation.
-- sqlfluff:exclude_rules:structure.column_order,layout.indent
-- depends_on: {{ ref('user_features') }}
{%- set columns = daily_columns() %}

with arguments as (

    select
        asked_user_ids as user_ids,
        asked_as_of as as_of

),

watermark as (

    select coalesce(max(marks.xid), 0) as xid from {{ source('raw', 'watermarks') }} as marks
    where marks.reader = 'int_user_daily' and marks.xid <= pg_snapshot_xmax(pg_current_snapshot())::text::bigint

),

asked as (

    select distinct unnest(arguments.user_ids) as user_id from arguments

),

-- Each id that was asked about, with all ids of its person.
persons as (

    select
        asked.user_id,
        array(
            select members.user_id from raw.ids_of_person(asked.user_id) as members (user_id)
            order by members.user_id
        ) as member_ids
    from asked

),

asked_identities as (

    select distinct members.identity_id from {{ ref('int_identities') }} as members
    inner join asked on members.member_user_id = asked.user_id

),

-- The identities that were counted and are valid on the day, with all ids of each.
identities as (

    select
        members.identity_id,
        array_agg(members.member_user_id order by members.member_user_id) as member_ids
    from asked_identities
    inner join {{ ref('int_identities') }} as members on asked_identities.identity_id = members.identity_id
    cross join arguments
    where arguments.as_of >= members.valid_from and arguments.as_of < members.valid_until
    group by members.identity_id

),

-- The key under which days of the person are counted already; none if its ids were joined since.
counted as (

    select
        persons.user_id,
        persons.member_ids,
        case when cardinality(persons.member_ids) = 1 then persons.user_id else identities.identity_id end as counted_id
    from persons
    left join identities on persons.member_ids = identities.member_ids

),

archives as (

    select count(*) as archives from {{ source('raw', 'archives') }} as archives
    where archives.restored_at is null

),

-- Events in an archive cannot be counted again: until they can, each id stands for itself.
entities as (

    select
        counted.user_id,
        case
            when counted.counted_id is null and archives.archives > 0 then array[counted.user_id]
            else counted.member_ids
        end as member_ids,
        case
            when counted.counted_id is null and archives.archives > 0 then counted.user_id
            else counted.counted_id
        end as counted_id
    from counted
    cross join archives

),

-- The days of which something has become known since days were counted.
new_days as (

    select distinct
        entities.user_id,
        entities.member_ids,
        events.occurred_day
    from entities
    cross join watermark
    cross join lateral (
        select held.occurred_day from {{ ref('stg_events') }} as held
        where
            held.user_id = any(entities.member_ids)
            and (held.ingested_xid >= watermark.xid or entities.counted_id is null)
        {{ lookup_per_row() }}
    ) as events

),

new_events as (

    select
        new_days.user_id,
        events.received_day,
        {{ counted_columns() }}
    from new_days
    cross join lateral (
        select held.* from {{ ref('stg_events') }} as held
        where
            held.user_id = any(new_days.member_ids)
            and {{ utc_midnight('new_days.occurred_day') }} <= held.occurred_at
            and {{ utc_midnight(add_days('new_days.occurred_day', 1)) }} > held.occurred_at
        {{ lookup_per_row() }}
    ) as events

),

new_daily as (

    {{ sql_with_inputs('int_user_daily', {'{{ events }}': 'new_events'}) }}

),

live_daily as (

    select {{ columns | join(', ') }} from new_daily
    union all
    select
        entities.user_id,
        {%- for column in columns[1:] %}
        counted_days.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from entities
    cross join lateral (
        select daily.* from {{ ref('int_user_daily') }} as daily
        where daily.user_id = entities.counted_id
        {{ lookup_per_row() }}
    ) as counted_days
    where not exists (
        select from new_days
        where new_days.user_id = entities.user_id and new_days.occurred_day = counted_days.occurred_day
    )

),

live_sums as (

    {{ sql_for_day(
        'int_user_sums',
        {
            '{%- set plan = sums_plan() -%}':
                "{%- set plan = {'requested': DAYS, 'days': DAYS, 'base': none, 'kept': none} -%}",
            "{{ ref('int_user_daily') }}": 'live_daily',
        },
        'asked_as_of'
    ) }}

),

-- Whoever is asked about is one entity here, whatever ids it has.
no_identities as (

    select * from {{ ref('int_identities') }}
    where false

),

final as (

    {{ sql_for_day(
        'user_features',
        {
            "days_to_build('user_features')": 'DAYS',
            "{{ ref('int_user_sums') }}": 'live_sums',
            "{{ identities_as_of('dates') }}":
                'select dates.as_of, user_id as entity_id, user_id from dates cross join no_identities',
        },
        'asked_as_of'
    ) }}

)

select * from final
