-- What events that passed the contract check look like, by source: how many there were of each kind, so that new ones
-- can be held against them without reading the old. `total` is what the measure adds up besides: hours covered, or the
-- logarithms of amounts.
create table raw.usual_events (
    source text not null,
    measure text not null check (measure in ('hour', 'type', 'property', 'amount', 'stored', 'refused')),
    name text not null,
    events bigint not null,
    total double precision not null default 0,
    primary key (source, measure, name)
);

-- So that the check reads only the bad rows that are new, as with raw.events. Those that are here already are not.
alter table raw.events_quarantine add column ingested_xid bigint not null default 0;
alter table raw.events_quarantine alter column ingested_xid set default pg_current_xact_id()::text::bigint;
create index events_quarantine_ingested_xid_idx on raw.events_quarantine using brin (ingested_xid);
