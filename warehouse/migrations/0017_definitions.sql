-- By which definition a reader's rows were counted: when it is another one now, they are counted anew, from all events.
-- Null for what was counted before this migration, which is counted anew once.
alter table raw.watermarks add column definition text;

create or replace function raw.demand_whole_history() returns void language plpgsql stable as $$
declare
    months text := (
        select string_agg(to_char(month, 'YYYY-MM'), ', ' order by month) from raw.archives where restored_at is null
    );
begin
    if months is not null then
        raise exception 'Events of % are archived, but all events must be counted anew: their definition has changed, or a '
            'full refresh was asked for. Bring them back first: customer-analyzer events restore FILE...', months;
    end if;
end $$;
