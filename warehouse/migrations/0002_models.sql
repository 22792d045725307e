-- What the models leave behind for the shop: scores, and which version each service should be running.
create schema ml;

create table ml.scores (
    model text not null,
    user_id text not null,
    as_of date not null,
    horizon_days integer not null,
    -- The probability; for the segmentation, how surely the user belongs to the segment.
    score double precision not null check (score between 0 and 1),
    expected_value double precision,
    segment_id integer,
    segment text,
    basis text not null check (basis in ('model', 'rule', 'prior')),
    model_version integer not null,
    scored_at timestamptz not null default now(),
    primary key (model, as_of, horizon_days, user_id)
);

-- The newest row of a model is what its service should run. Workers compare the digest before they load.
create table ml.deployments (
    deployment_id bigint generated always as identity primary key,
    model text not null,
    model_version integer not null,
    digest text not null,
    artifact_path text not null,
    bento_tag text not null,
    deployed_at timestamptz not null default now(),
    deployed_by text not null
);
create index deployments_model_idx on ml.deployments (model, deployment_id desc);

-- Every change of a champion: who, when, why.
create table ml.promotions (
    promotion_id bigint generated always as identity primary key,
    model text not null,
    from_version integer,
    to_version integer not null,
    kind text not null check (kind in ('promote', 'rollback')),
    reason text not null,
    promoted_by text not null,
    promoted_at timestamptz not null default now()
);
