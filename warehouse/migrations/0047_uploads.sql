-- Files that people upload at the dashboard, what is done with them, and repairs of rows in quarantine.

-- A file lies in the home's folder of uploads until it is imported, deleted or a week old.
create table jobs.uploads (
    upload_id uuid primary key,
    file_name text not null check (file_name <> ''),
    bytes bigint not null check (bytes >= 0),
    uploaded_by text not null,
    uploaded_at timestamptz not null default now(),
    -- The file is no longer kept.
    gone_at timestamptz
);

-- A rehearsal counts what an import would do, and stores nothing.
create table jobs.data_jobs (
    job_id uuid primary key default gen_random_uuid(),
    kind text not null check (kind in ('rehearsal', 'import', 'repair')),
    upload_id uuid references jobs.uploads,
    -- How the file is to be read, or which rows are to be repaired and how. What a repair of one row fills in is about a
    -- user: it is taken out when the job is over, and kept with the row.
    wanted jsonb not null,
    asked_by text not null,
    asked_at timestamptz not null default now(),
    state text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'failed')),
    started_at timestamptz,
    finished_at timestamptz,
    -- Of the file, 0 to 1. Null where nobody knows.
    fraction double precision,
    -- Counts, reasons and sentences. No row and no user.
    result jsonb,
    error text,
    check ((kind = 'repair') = (upload_id is null))
);
create index data_jobs_upload_id_idx on jobs.data_jobs (upload_id, asked_at desc);
-- One thing at a time is done with a file.
create unique index data_jobs_open_idx on jobs.data_jobs (upload_id) where state in ('waiting', 'running');

-- Asks for a job and puts it into the queue, in one transaction. Null where something is being done with the file already,
-- or it is gone.
create function jobs.ask_for_data(kind text, upload_id uuid, wanted jsonb, asked_by text) returns uuid
language plpgsql security definer set search_path = jobs, pg_catalog as $$
declare
    asked uuid;
begin
    if upload_id is not null and not exists (
        select from uploads where uploads.upload_id = ask_for_data.upload_id and gone_at is null for update
    ) then
        return null;
    end if;
    insert into data_jobs (kind, upload_id, wanted, asked_by) values (kind, upload_id, wanted, asked_by)
    on conflict do nothing
    returning job_id into asked;
    if asked is not null then
        perform procrastinate_defer_jobs_v1(
            array[
                row('data', 'job_of_data', 0, 'data', null, jsonb_build_object('job_id', asked), null)
            ]::procrastinate_job_to_defer_v1 []
        );
    end if;
    return asked;
end $$;
revoke execute on function jobs.ask_for_data(text, uuid, jsonb, text) from public;

-- Notes that a file is no longer kept. Null where something is being done with it.
create function jobs.give_up_upload(upload_id uuid) returns boolean
language plpgsql security definer set search_path = jobs, pg_catalog as $$
begin
    perform from uploads where uploads.upload_id = give_up_upload.upload_id for update;
    if exists (
        select from data_jobs
        where data_jobs.upload_id = give_up_upload.upload_id and state in ('waiting', 'running')
    ) then
        return false;
    end if;
    update uploads set gone_at = now() where uploads.upload_id = give_up_upload.upload_id and gone_at is null;
    return true;
end $$;
revoke execute on function jobs.give_up_upload(uuid) from public;

-- Which upload a file was, and how it was read: what a row of it that waits in quarantine is read with when it is tried again.
alter table raw.imports add column upload_id uuid;
alter table raw.imports add column reading jsonb;
create index imports_upload_id_idx on raw.imports (upload_id) where upload_id is not null;

-- A repaired row stays, as it came, beside what was changed and the event that it became. So what was repaired can be
-- traced, and the same file imported again does not bring the row back.
alter table raw.events_quarantine add column repaired_at timestamptz;
alter table raw.events_quarantine add column repaired_by text;
alter table raw.events_quarantine add column repair jsonb;
alter table raw.events_quarantine add column event_id uuid;
alter table raw.events_quarantine add constraint repair_is_whole
check ((repaired_at is null) = (repaired_by is null) and (repaired_at is null) = (event_id is null));
create index events_quarantine_held_idx on raw.events_quarantine (reason, quarantine_id) where repaired_at is null;

-- What the checks of new events found, the newest hundred. A sentence names rules and counts, and no value of anybody's data.
create table raw.contract_checks (
    check_id bigint generated always as identity primary key,
    checked_at timestamptz not null default now(),
    is_passed boolean not null,
    rows_checked bigint not null,
    sentence text not null,
    warnings text [] not null default '{}'
);
