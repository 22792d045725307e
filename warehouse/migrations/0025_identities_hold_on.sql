-- What was said of an id and taken back later no longer ends what had been said of it before: who merges a user, takes it
-- back and merges it again as known since an earlier day, means that it holds on.

-- Ids of persons with several ids, in all periods in which these ids and no others belonged together. One row per identity
-- and member. A snapshot as of a day D knows the identities with valid_from <= D and D < valid_until.
create or replace view raw.identities as
with recursive said as (
    select
        alias_id,
        old_user_id,
        new_user_id,
        known_at,
        stored_at,
        cast(known_at at time zone 'UTC' as date) + 1 as valid_from,
        least(cast(ended_at at time zone 'UTC' as date) + 1, date '9999-12-31') as valid_until
    from raw.user_aliases
    where ended_at is null or cast(known_at at time zone 'UTC' as date) < cast(ended_at at time zone 'UTC' as date)
),

turns as (
    select
        old_user_id,
        turn as valid_from,
        lead(turn) over (partition by old_user_id order by turn) as valid_until
    from (
        select old_user_id, valid_from as turn from said
        union
        select old_user_id, valid_until from said
    ) as turned
),

-- Where several were said to hold, what was known last does.
links as (
    select distinct on (turns.old_user_id, turns.valid_from)
        turns.old_user_id,
        said.new_user_id,
        said.stored_at,
        turns.valid_from,
        turns.valid_until
    from turns
    inner join said
        on turns.old_user_id = said.old_user_id
            and said.valid_from <= turns.valid_from
            and turns.valid_until <= said.valid_until
    order by turns.old_user_id, turns.valid_from, said.known_at desc, said.alias_id desc
),

ids as (
    select old_user_id as user_id from links
    union
    select new_user_id from links
),

-- The periods in which an id belongs to no other.
free as (
    select
        old_user_id as user_id,
        coalesce(lag(valid_until) over (partition by old_user_id order by valid_from), date '0001-01-01') as valid_from,
        valid_from as valid_until
    from links
    union all
    select ids.user_id, coalesce(max(links.valid_until), date '0001-01-01'), date '9999-12-31'
    from ids
    left join links on ids.user_id = links.old_user_id
    group by ids.user_id
),

-- From each id along the links. One that runs in a circle ends nowhere, and joins nothing.
paths as (
    select
        user_id as member_user_id,
        user_id,
        date '0001-01-01' as valid_from,
        date '9999-12-31' as valid_until,
        timestamptz '-infinity' as stored_at,
        0 as steps
    from ids
    union all
    select
        paths.member_user_id,
        links.new_user_id,
        greatest(paths.valid_from, links.valid_from),
        least(paths.valid_until, links.valid_until),
        greatest(paths.stored_at, links.stored_at),
        paths.steps + 1
    from paths
    inner join links
        on paths.user_id = links.old_user_id
            and paths.valid_from < links.valid_until
            and links.valid_from < paths.valid_until
    where paths.steps < 100
),

memberships as (
    select
        paths.member_user_id,
        paths.user_id,
        paths.stored_at,
        greatest(paths.valid_from, free.valid_from) as valid_from,
        least(paths.valid_until, free.valid_until) as valid_until
    from paths
    inner join free
        on paths.user_id = free.user_id and paths.valid_from < free.valid_until and free.valid_from < paths.valid_until
),

changes as (
    select user_id, valid_from as changed_on from memberships
    union
    select user_id, valid_until from memberships
),

periods as (
    select
        user_id,
        changed_on as valid_from,
        lead(changed_on) over (partition by user_id order by changed_on) as valid_until
    from changes
),

members as (
    select
        periods.user_id,
        periods.valid_from,
        periods.valid_until,
        memberships.member_user_id,
        max(memberships.stored_at) over (partition by periods.user_id, periods.valid_from) as stored_at
    from periods
    inner join memberships
        on periods.user_id = memberships.user_id
            and memberships.valid_from <= periods.valid_from
            and periods.valid_until <= memberships.valid_until
),

-- A tab cannot begin a user's id, as the contract takes spaces off.
named as (
    select
        user_id,
        valid_from,
        chr(9) || md5(valid_from - date '1970-01-01' || E'\t' || string_agg(member_user_id, E'\t' order by member_user_id collate "C"))
            as identity_id
    from members
    group by user_id, valid_from
    having count(*) > 1
)

select
    named.identity_id,
    members.member_user_id,
    members.user_id,
    members.valid_from - 1 as merged_day,
    members.valid_from,
    members.valid_until,
    members.stored_at
from named
inner join members on named.user_id = members.user_id and named.valid_from = members.valid_from;
