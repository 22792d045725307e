-- Lines of every process's log, for fourteen days. rsyslog adds them, `customer-analyzer logs search` reads them.
create schema logs;

create table logs.lines (
    -- Of `at`, in UTC. A partition a day.
    day date not null,
    -- Where the line stands: file, place in it, time. The same line has the same id however often it is sent.
    id text not null,
    at timestamptz not null,
    service text not null,
    level text not null,
    -- The line with all its fields, whose names are those of the Elastic Common Schema.
    line jsonb not null,
    primary key (day, id)
) partition by range (day);
create index lines_at_idx on logs.lines (at);

-- Makes the partition of a day and drops those that are too old.
create function logs.begin_day(begun date) returns void
language plpgsql security definer set search_path = pg_catalog as $$
declare
    old regclass;
begin
    -- Others may add lines of the same day.
    perform pg_advisory_xact_lock(4242049);
    execute format(
        'create table if not exists logs.%I partition of logs.lines for values from (%L) to (%L)',
        'lines_' || to_char(begun, 'YYYYMMDD'), begun, begun + 1
    );
    for old in
        select inhrelid::regclass from pg_inherits join pg_class on pg_class.oid = inhrelid
        where inhparent = 'logs.lines'::regclass
            and right(relname, 8) < to_char((now() at time zone 'UTC')::date - 14, 'YYYYMMDD')
    loop
        execute format('drop table %s', old);
    end loop;
end $$;

-- Adds a line, unless it is there or too old to be kept. Whatever the line is, this succeeds: the sender would send it
-- again for ever.
create function logs.add_line(given_id text, given_service text, given text) returns void
language plpgsql security definer set search_path = pg_catalog as $$
declare
    fields jsonb;
    moment timestamptz;
    its_day date;
    today date := (now() at time zone 'UTC')::date;
begin
    begin
        fields := given::jsonb;
        moment := fields ->> '@timestamp';
    exception when others then
        null;
    end;
    if fields is null or jsonb_typeof(fields) <> 'object' then
        fields := jsonb_build_object('message', given, 'log.level', 'info', 'service.name', given_service);
    end if;
    -- A line of tomorrow is one of a clock that is wrong.
    if moment is null or moment > now() + interval '1 day' then
        moment := now();
    end if;
    its_day := (moment at time zone 'UTC')::date;
    if its_day < today - 14 then
        return;
    end if;
    if to_regclass('logs.lines_' || to_char(its_day, 'YYYYMMDD')) is null then
        perform logs.begin_day(its_day);
    end if;
    insert into logs.lines (day, id, at, service, level, line)
    values (
        its_day, given_id, moment, coalesce(fields ->> 'service.name', given_service),
        coalesce(fields ->> 'log.level', 'info'), fields
    )
    on conflict do nothing;
end $$;

revoke execute on function logs.begin_day(date), logs.add_line(text, text, text) from public;
