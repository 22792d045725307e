-- Importers wait for each other only while a month is really being made; and a partition is attached, because making it
-- in place would lock out everyone who reads or writes raw.events, and queue behind all of them first.
create or replace function raw.ensure_event_partitions(first timestamptz, last timestamptz) returns integer
language plpgsql as $$
declare
    month timestamp := date_trunc('month', first at time zone 'UTC');
    partition_name text;
    made integer := 0;
begin
    while month <= last at time zone 'UTC' loop
        partition_name := 'events_' || to_char(month, 'YYYY_MM');
        if to_regclass('raw.' || partition_name) is null then
            -- What attaching takes anyway: it keeps out others who make a month, not those who read or write. Another
            -- session may have made it meanwhile, and only taking a lock of a table makes that visible here.
            lock table only raw.events in share update exclusive mode;
            if to_regclass('raw.' || partition_name) is null then
                execute format('create table raw.%I (like raw.events including all excluding indexes)', partition_name);
                execute format(
                    'alter table raw.events attach partition raw.%I for values from (%L) to (%L)',
                    partition_name, month at time zone 'UTC', (month + interval '1 month') at time zone 'UTC'
                );
                made := made + 1;
            end if;
        end if;
        month := month + interval '1 month';
    end loop;
    return made;
end $$;
