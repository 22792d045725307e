-- Notices: what people at the dashboard are told at once, such as the end of a run. They hold no user's id.
create table app.notices (
    -- 1, 2, 3, ... without a gap, in the order of commits: whoever has seen a number has seen all smaller ones.
    notice_id bigint primary key,
    noticed_at timestamptz not null,
    kind text not null check (kind <> ''),
    body jsonb not null,
    -- What is told only once, such as the end of one run. Null: each time.
    once text unique
);
create index notices_noticed_at_idx on app.notices (noticed_at);

-- The newest number, and the newest one of those that were dropped for their age.
create table app.notice_ends (
    is_only boolean primary key default true check (is_only),
    last_id bigint not null,
    last_dropped_id bigint not null
);
insert into app.notice_ends values (true, 0, 0);

-- Adds a notice and drops those older than a week. Returns its number, or null where it was told before. Transactions that
-- add notices wait for each other from here to their end, so this comes last in them.
create function app.add_notice(kind text, body jsonb, once text default null) returns bigint
language plpgsql security definer set search_path = pg_catalog as $$
declare
    ends app.notice_ends;
    dropped bigint;
begin
    select * into strict ends from app.notice_ends for update;
    if exists (select from app.notices where notices.once = add_notice.once) then
        return null;
    end if;
    with gone as (
        delete from app.notices where noticed_at < clock_timestamp() - interval '7 days' returning notice_id
    )
    select max(notice_id) into dropped from gone;
    insert into app.notices values (ends.last_id + 1, clock_timestamp(), kind, body, once);
    update app.notice_ends set
        last_id = ends.last_id + 1, last_dropped_id = greatest(ends.last_dropped_id, dropped);
    return ends.last_id + 1;
end $$;
revoke execute on function app.add_notice(text, jsonb, text) from public;

-- Each step of a job about a user is told in the transaction that makes it. Why a job failed may name the user, and is
-- left out.
create function jobs.tell_of_job() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
    perform app.add_notice('job', jsonb_build_object(
        'job_id', new.job_id, 'kind', new.kind, 'state', new.state, 'bytes_written', new.bytes_written
    ));
    return null;
end $$;
create trigger tell_of_job after insert or update of state, bytes_written on jobs.user_jobs
for each row execute function jobs.tell_of_job();
