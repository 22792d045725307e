-- One person with several ids. raw.events never changes: what is known about ids is a row here, said by a command or by an
-- event of type alias.
create table raw.user_aliases (
    alias_id bigint generated always as identity primary key,
    -- The old id belongs to whomever the new id belongs to.
    old_user_id text not null check (old_user_id <> ''),
    new_user_id text not null check (new_user_id <> ''),
    -- When it became known, and when it became known to be wrong; null while it is believed.
    known_at timestamptz not null,
    ended_at timestamptz,
    -- Who typed the command; null where an event said it.
    said_by text,
    event_id uuid unique,
    stored_at timestamptz not null default clock_timestamp(),
    check (old_user_id <> new_user_id),
    check (ended_at >= known_at),
    check ((said_by is null) <> (event_id is null))
);

-- An id belongs to one other id at a time.
create unique index user_aliases_old_user_id_idx on raw.user_aliases (old_user_id) where ended_at is null;
create index user_aliases_new_user_id_idx on raw.user_aliases (new_user_id);

-- The ids that belong to one person now, the given one among them.
create function raw.ids_of_person(user_id text) returns setof text language sql stable as $$
    with recursive found (id) as (
        select $1
        union
        select beside.id
        from found
        cross join lateral (
            select new_user_id as id from raw.user_aliases where old_user_id = found.id and ended_at is null
            union all
            select old_user_id from raw.user_aliases where new_user_id = found.id and ended_at is null
        ) as beside
    )
    select id from found
$$;

-- Joins an old id to a new one. Returns null, or why there is nothing to join: `one` (they belong together already),
-- `taken` (the old id belongs to another one), `many` (together they would be more than 100 ids: something that many
-- people share, such as a word for an unknown user), `undone` (an event repeats what was undone since), `erased`.
create function raw.alias_user(
    old_id text, new_id text, known timestamptz, said_by text, event_id uuid
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    old_ids text [];
    new_ids text [];
begin
    if exists (select from raw.erased_among(array[old_id, new_id])) then
        return 'erased';
    end if;
    perform pg_advisory_xact_lock(hashtext('raw.user_aliases'), 0);
    if event_id is not null and exists (
        select from raw.user_aliases as aliases
        where aliases.old_user_id = old_id and aliases.new_user_id = new_id and aliases.ended_at is not null
    ) then
        return 'undone';
    end if;
    new_ids := array(select raw.ids_of_person(new_id));
    if old_id = any(new_ids) then
        return 'one';
    end if;
    if exists (select from raw.user_aliases as aliases where aliases.old_user_id = old_id and aliases.ended_at is null) then
        return 'taken';
    end if;
    old_ids := array(select raw.ids_of_person(old_id));
    if cardinality(old_ids) + cardinality(new_ids) > 100 then
        return 'many';
    end if;
    insert into raw.user_aliases (old_user_id, new_user_id, known_at, said_by, event_id)
    values (old_id, new_id, known, alias_user.said_by, alias_user.event_id);
    return null;
end $$;

-- An event of type alias says that properties.previous_id (previousId, as Segment writes it) and its user_id are one.
create function raw.alias_by_event() returns trigger language plpgsql security definer set search_path = pg_catalog as $$
declare
    old_id text := btrim(coalesce(new.properties ->> 'previous_id', new.properties ->> 'previousId'));
begin
    if old_id <> '' then
        perform raw.alias_user(old_id, new.user_id, greatest(new.occurred_at, new.received_at), null, new.event_id);
    end if;
    return null;
end $$;

create function raw.forget_alias_by_event() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
    delete from raw.user_aliases where event_id = old.event_id;
    return null;
end $$;

create trigger alias_by_event after insert on raw.events
for each row when (new.event_type = 'alias') execute function raw.alias_by_event();
create trigger forget_alias_by_event after delete on raw.events
for each row when (old.event_type = 'alias') execute function raw.forget_alias_by_event();

-- Ids of persons with several ids, in all periods in which these ids and no others belonged together. One row per identity
-- and member. A snapshot as of a day D knows the identities with valid_from <= D and D < valid_until.
create view raw.identities as
with recursive said as (
    select
        old_user_id,
        new_user_id,
        stored_at,
        cast(known_at at time zone 'UTC' as date) + 1 as valid_from,
        -- What was said of the same id later holds from then on.
        least(
            cast(ended_at at time zone 'UTC' as date) + 1,
            lead(cast(known_at at time zone 'UTC' as date) + 1) over (partition by old_user_id order by known_at, alias_id),
            date '9999-12-31'
        ) as valid_until
    from raw.user_aliases
),

links as (
    select * from said where valid_from < valid_until
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

-- What begins with a tab is the key of an identity. Rows that are here already are older than identities.
alter table raw.events add constraint is_no_identity check (user_id not like E'\t%') not valid;
