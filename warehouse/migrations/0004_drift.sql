-- What every look for drift found: one row a model and day. A day that is looked at again is replaced.
create table ml.drift (
    model text not null,
    as_of date not null,
    -- The champion whose training the users of the day were compared with.
    model_version integer not null,
    is_drifted boolean not null,
    -- Every look of at least a week, this one included, saw drift.
    is_confirmed boolean not null check (is_drifted or not is_confirmed),
    -- Measures that are drift on their own, worst first.
    alarms text[] not null,
    share_drifted double precision not null,
    reason text not null,
    checked_at timestamptz not null default now(),
    primary key (model, as_of)
);
