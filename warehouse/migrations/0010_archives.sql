-- Months that were moved out of raw.events into Parquet files, by what is in the file. A row stays when the month is
-- back, as the file may still be there.
create table raw.archives (
    sha256 text primary key check (length(sha256) = 64),
    month date not null,
    path text not null,
    -- Of the events in the file, as raw.events_checksum counts them.
    rows bigint not null,
    checksum text not null,
    -- The first day on which anything in it was known: the plan of days to learn from must not change.
    first_known_day date not null,
    archived_at timestamptz not null default now(),
    restored_at timestamptz
);

-- How many rows a table of events has, and what they add up to, whatever their order: two sums of 64-bit hashes of the
-- whole rows. It finds what is lost, doubled or changed by accident; the file's SHA-256 is for more than that.
create function raw.events_checksum(events regclass, columns text [], out rows bigint, out checksum text)
language plpgsql stable set timezone = 'UTC' set datestyle = 'ISO' as $$
begin
    execute format(
        'select count(*), coalesce(sum(hashtextextended(row_text, 0)::numeric), 0)'
        ' || ''/'' || coalesce(sum(hashtextextended(row_text, 1)::numeric), 0)'
        ' from (select row(%s)::text as row_text from %s) as texts',
        (select string_agg(quote_ident(name), ', ' order by place) from unnest(columns) with ordinality as c (name, place)),
        events
    ) into rows, checksum;
end $$;

-- What is built from all events, anew, must not be built from a part of them.
create function raw.demand_whole_history() returns void language plpgsql stable as $$
declare
    months text := (
        select string_agg(to_char(month, 'YYYY-MM'), ', ' order by month) from raw.archives where restored_at is null
    );
begin
    if months is not null then
        raise exception 'Events of % are archived, and a full refresh would lose what is known from them. '
            'Bring them back first: customer-analyzer events restore FILE...', months;
    end if;
end $$;
