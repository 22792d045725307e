-- The workers of the services, each with what it made of the newest deployment. A worker renews its row every two seconds
-- and deletes it when it stops; the row of a worker that was killed grows old, and then counts no more.
create table ml.workers (
    worker_id uuid primary key,
    model text not null,
    started_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    -- The newest deployment it has judged; null where there was none yet.
    deployment_id bigint,
    -- Why it refused that one, in one word; null where it took it.
    refused text
);
