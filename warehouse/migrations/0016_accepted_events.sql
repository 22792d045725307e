-- Events also come one by one, in no file.

-- Null for rows that came in no file.
alter table raw.events_quarantine alter column import_id drop not null;

-- Counts the batches that came in no file. An import that is the first to store anything need not look whether ids are
-- taken; this tells it that others have stored something.
create sequence raw.receipts;

-- Prepares a transaction that stores events which come in no file: partitions for their months, and a lock on their ids,
-- of which a few share one, in the same order for everyone. So an id that two send at once, with two times, is found.
-- Returns the months that are archived.
create function raw.begin_receipt(months timestamptz [], id_locks integer []) returns setof timestamptz
language plpgsql security definer set search_path = pg_catalog as $$
begin
    perform nextval('raw.receipts');
    perform raw.ensure_event_partitions(given.month, given.month) from unnest(months) as given (month);
    perform pg_advisory_xact_lock(hashtext('raw.events.event_id'), id_lock) from unnest(id_locks) as id_lock;
    return query
    select distinct given.month from unnest(months) as given (month)
    join raw.archives on archives.month = (given.month at time zone 'UTC')::date and archives.restored_at is null;
end $$;
