-- Jobs that a worker does: exports and erasures of users. The queue is that of procrastinate, whose tables and functions the
-- installed library makes itself. A version of the library with another schema needs a migration.
create schema jobs;
set local search_path to jobs, pg_catalog;

\include procrastinate

-- What was asked for a user, how far it is, and what it came to. The queue's own rows name the job and no user.
create table jobs.user_jobs (
    job_id uuid primary key default gen_random_uuid(),
    kind text not null check (kind in ('export', 'erasure')),
    user_id text not null check (user_id <> ''),
    asked_by text not null,
    asked_at timestamptz not null default now(),
    state text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'failed')),
    started_at timestamptz,
    finished_at timestamptz,
    -- Of an export, so far.
    bytes_written bigint not null default 0,
    -- Of an erasure; it does not hold the id.
    receipt jsonb,
    -- Why it failed, or why it is tried again.
    error text
);

-- Asking twice for what is not done yet is asking once.
create unique index user_jobs_open_idx on jobs.user_jobs (user_id, kind) where state in ('waiting', 'running');

-- The text of finished exports, piece by piece, for some days.
create table jobs.user_exports (
    job_id uuid not null references jobs.user_jobs on delete cascade,
    piece integer not null,
    user_id text not null,
    content text not null,
    primary key (job_id, piece)
);
create index user_exports_user_id_idx on jobs.user_exports (user_id);

-- Asks for a job and puts it into the queue, in one transaction. Whoever may call it need not have any right on the queue.
create function jobs.ask_for_user(kind text, user_id text, asked_by text) returns uuid
language plpgsql security definer set search_path = jobs, pg_catalog as $$
declare
    asked uuid;
begin
    insert into user_jobs (kind, user_id, asked_by) values (kind, user_id, asked_by)
    on conflict do nothing
    returning job_id into asked;
    if asked is null then
        return (
            select jobs.job_id from user_jobs as jobs
            where jobs.user_id = ask_for_user.user_id and jobs.kind = ask_for_user.kind
                and jobs.state in ('waiting', 'running')
        );
    end if;
    perform procrastinate_defer_jobs_v1(
        array[
            row('users', 'job_of_user', 0, 'users', null, jsonb_build_object('job_id', asked), null)
        ]::procrastinate_job_to_defer_v1 []
    );
    return asked;
end $$;
revoke execute on function jobs.ask_for_user(text, text, text) from public;

reset search_path;
