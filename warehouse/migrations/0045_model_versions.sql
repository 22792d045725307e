-- Versions of models as people are shown them. MLflow keeps them too, in a database that the backend cannot read.
create table ml.model_versions (
    model text not null,
    version integer not null,
    as_of date not null,
    horizon_days integer,
    test_cutoff date,
    created_at timestamptz not null,
    digest text not null,
    -- Where MLflow's pages show its run.
    experiment_id text not null,
    run_id text not null,
    -- What the gate, or a person, said of it; null: nobody has judged it yet.
    verdict text,
    -- The figures of the gate, of challenger and champion on the same rows.
    checks jsonb not null default '{}',
    metrics jsonb not null,
    -- Tables that charts are drawn from, by name; one that a version does not have is absent.
    report jsonb not null,
    published_at timestamptz not null default now(),
    primary key (model, version)
);

-- Promotions and rollbacks that people asked the API for, and what they came to. The worker carries them out.
create table jobs.model_changes (
    change_id uuid primary key default gen_random_uuid(),
    kind text not null check (kind in ('promote', 'rollback')),
    model text not null,
    -- The champion when it was asked for; null: there was none.
    from_version integer,
    to_version integer not null,
    reason text not null,
    asked_by text not null,
    asked_at timestamptz not null default now(),
    state text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'refused', 'failed')),
    finished_at timestamptz,
    -- Why it was refused, and nothing has changed; or why it failed half way.
    error text
);
-- One at a time: the second one would be about another champion than its asker saw.
create unique index model_changes_open_idx on jobs.model_changes (model) where state in ('waiting', 'running');
create index model_changes_model_idx on jobs.model_changes (model, asked_at desc);

-- Asks for a change and puts it into the queue, ahead of jobs about users. Null where one of this model is not over yet.
create function jobs.ask_for_model_change(
    kind text, model text, from_version integer, to_version integer, reason text, asked_by text
) returns uuid
language plpgsql security definer set search_path = jobs, pg_catalog as $$
declare
    asked uuid;
begin
    insert into model_changes (kind, model, from_version, to_version, reason, asked_by)
    values (kind, model, from_version, to_version, reason, asked_by)
    on conflict do nothing
    returning change_id into asked;
    if asked is not null then
        perform procrastinate_defer_jobs_v1(
            array[
                row('models', 'change_champion', 10, null, null, jsonb_build_object('change_id', asked), null)
            ]::procrastinate_job_to_defer_v1 []
        );
    end if;
    return asked;
end $$;
revoke execute on function jobs.ask_for_model_change(text, text, integer, integer, text, text) from public;
