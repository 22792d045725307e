-- Words for an unknown user join nobody: everyone who is not logged in would be one person. They are those of the contract.
create or replace function raw.alias_user(
    old_id text, new_id text, known timestamptz, said_by text, event_id uuid
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    old_ids text [];
    new_ids text [];
begin
    if old_id in (
        'NULL', 'Null', 'null', '<null>', '(null)', '\N', 'NaN', 'nan', 'NAN', 'None', 'none', 'NONE', '(none)', 'nil',
        'undefined', '(not set)', 'N/A', 'n/a', '#N/A', 'NA', '-', '--', '[object Object]'
    ) or length(old_id) > 512 then
        return 'nobody';
    end if;
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

-- As the contract reads ids, without white space around them.
create or replace function raw.alias_by_event() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
declare
    said text := coalesce(new.properties ->> 'previous_id', new.properties ->> 'previousId');
    old_id text := btrim(said, E' \t\n\r\f\v');
begin
    if old_id <> '' then
        perform raw.alias_user(old_id, new.user_id, greatest(new.occurred_at, new.received_at), null, new.event_id);
    end if;
    return null;
end $$;

-- The planner does well without samples of these values, and Postgres would keep those of a table that is empty again.
alter table raw.user_aliases
    alter column old_user_id set statistics 0, alter column new_user_id set statistics 0, alter column said_by set statistics 0;
