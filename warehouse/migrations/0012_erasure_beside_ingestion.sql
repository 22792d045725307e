-- An erasure used to lock raw.erased_users for as long as it took, and whoever stored events or scores waited. Now nobody
-- waits for an erasure: it commits the user's hash first, then waits for the transactions that may have looked before.

-- Whoever stores rows about users calls this before the rows: true where some users have been erased. An erasure that
-- begins later waits for the end of this transaction. A second statement of the function sees what was committed before
-- the lock was taken, so either this transaction sees a hash or the erasure sees this transaction.
create function raw.storing_users() returns boolean language plpgsql security definer set search_path = pg_catalog as $$
begin
    perform pg_advisory_xact_lock_shared(hashtext('raw.storing_users'), 0);
    return exists (select from raw.erased_users);
end $$;

-- Those of the users who were erased.
create function raw.erased_among(user_ids text []) returns setof text
language plpgsql security definer set search_path = pg_catalog as $$
begin
    if raw.storing_users() then
        return query
        select user_id from unnest(user_ids) as user_id
        where raw.user_hash(user_id) in (select user_hash from raw.erased_users);
    end if;
end $$;

-- The places (the first is 0) of those rows for the quarantine that are about a user who was erased.
create function raw.erased_among_rows(bad_rows jsonb []) returns setof integer
language plpgsql security definer set search_path = pg_catalog as $$
begin
    if raw.storing_users() then
        return query
        select place::integer - 1 from unnest(bad_rows) with ordinality as bad (bad_row, place)
        where raw.is_of_user(bad_row, array(select user_hash from raw.erased_users));
    end if;
end $$;

-- The transactions that are storing rows about users now, each by a name of its own.
create function raw.storing_now() returns setof text language sql volatile set search_path = pg_catalog as $$
    select virtualtransaction from pg_locks
    where locktype = 'advisory' and granted
        and database = (select oid from pg_database where datname = current_database())
        and classid = hashtext('raw.storing_users')::oid and objid = 0 and objsubid = 2
$$;

create or replace function raw.leave_out_erased() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
    if raw.storing_users() then
        execute format(
            'delete from %s where user_id in (select raw.erased_among(array(select distinct user_id from arrived)))',
            tg_relid::regclass
        );
    end if;
    return null;
end $$;
