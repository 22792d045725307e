-- Where events arrive. Append-only, one partition a month of occurred_at, made as they are needed.
create schema raw;

create table raw.events (
    event_id uuid not null,
    user_id text not null check (user_id <> ''),
    event_type text not null check (event_type <> ''),
    occurred_at timestamptz not null,
    received_at timestamptz not null,
    order_id text,
    item_id text,
    amount numeric,
    currency text,
    quantity numeric,
    source text not null,
    properties jsonb,
    -- The transaction that stored the row. An incremental reader that remembers the oldest transaction still
    -- open when it last looked cannot miss one that commits late, as it would with a clock.
    ingested_xid bigint not null default pg_current_xact_id()::text::bigint,
    primary key (event_id, occurred_at)
) partition by range (occurred_at);

create index events_user_id_occurred_at_idx on raw.events (user_id, occurred_at);
create index events_ingested_xid_idx on raw.events using brin (ingested_xid);

-- Makes the month partitions that cover [first, last]. Safe to call again and from two sessions at once.
create function raw.ensure_event_partitions(first timestamptz, last timestamptz) returns integer
language plpgsql as $$
declare
    month timestamp := date_trunc('month', first at time zone 'UTC');
    partition_name text;
    made integer := 0;
begin
    perform pg_advisory_xact_lock(hashtext('raw.events partitions'));
    while month <= last at time zone 'UTC' loop
        partition_name := 'events_' || to_char(month, 'YYYY_MM');
        if to_regclass('raw.' || partition_name) is null then
            execute format(
                'create table raw.%I partition of raw.events for values from (%L) to (%L)',
                partition_name, month at time zone 'UTC', (month + interval '1 month') at time zone 'UTC'
            );
            made := made + 1;
        end if;
        month := month + interval '1 month';
    end loop;
    return made;
end $$;

-- One row a file brought in, with what became of its rows.
create table raw.imports (
    import_id bigint generated always as identity primary key,
    file_name text not null,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    rows_read bigint not null default 0,
    rows_stored bigint not null default 0,
    rows_known bigint not null default 0,
    rows_quarantined bigint not null default 0
);

-- Rows that break the contract, whole, with the reason. quarantine_id is a UUIDv5 of the row and its place among
-- equal rows, so importing the same file again adds nothing.
create table raw.events_quarantine (
    quarantine_id uuid primary key,
    import_id bigint not null references raw.imports,
    row_number bigint not null,
    reason text not null,
    row jsonb not null,
    quarantined_at timestamptz not null default now()
);

-- How far each incremental reader of raw.events has come: every transaction below xid has been seen whole.
create table raw.watermarks (
    reader text primary key,
    xid bigint not null,
    moved_at timestamptz not null default now()
);
