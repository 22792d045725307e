-- What recommenders promised, and what came: a row for each day on which a horizon began that is over.
create table ml.recommender_promises (
    cutoff date not null,
    horizon_days integer not null check (horizon_days > 0),
    model_version integer not null,
    -- Users who bought within the horizon.
    users bigint not null,
    -- By figure: foretold, came, low, high, baselines.
    figures jsonb not null,
    is_early boolean not null,
    is_kept boolean not null,
    measured_at timestamptz not null default now(),
    primary key (cutoff, horizon_days)
);
