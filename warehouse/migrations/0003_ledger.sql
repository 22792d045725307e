-- What every user was told by the models, by whom that was treated or held out, and what became of it.

-- Who was drawn into a campaign, newest first: what was done to a user is a small part of the events.
create index events_campaign_idx on raw.events (user_id, occurred_at desc)
where event_type in ('notification_sent', 'campaign_received', 'notification_withheld');

-- One row a user and campaign: whether it reached them or was withheld from them, by chance, as a control.
create view ml.assignments as
select
    user_id,
    occurred_at as assigned_at,
    received_at,
    case event_type when 'notification_withheld' then 'control' else 'treated' end as treatment
from raw.events
where event_type in ('notification_sent', 'campaign_received', 'notification_withheld');

-- Append-only: every batch score and every served prediction, with what it was made of. Not partitioned: a year of
-- 25,000 users and three models is about 6 GB, and a row is there exactly once because one index spans all months.
create table ml.ledger (
    -- Drawn by the service that answered; for a batch score a hash of what makes it one of a kind (ml.score_id).
    prediction_id uuid primary key,
    kind text not null check (kind in ('score', 'prediction')),
    model text not null,
    model_version integer not null,
    feature_hash text not null,
    -- Null where a caller gave features and did not say whose they are, or of which day.
    user_id text,
    as_of date,
    -- 0 where an answer is about today (segmentation): such a row never matures.
    horizon_days integer not null check (horizon_days >= 0),
    -- The probability; for a segment, how surely the user belongs to it (null where it was served).
    score double precision check (score between 0 and 1),
    segment_id integer,
    segment text,
    basis text not null check (basis in ('model', 'rule', 'prior')),
    -- The user's newest assignment known as of as_of; null where there is none.
    treatment text check (treatment in ('treated', 'control')),
    request_id text,
    idempotency_key text,
    made_at timestamptz not null default now()
);

-- What has matured, and the rows an outcome belongs to.
create index ledger_as_of_idx on ml.ledger (as_of, horizon_days, user_id)
where horizon_days > 0 and user_id is not null;

-- What was made since somebody last looked; rows arrive in the order of made_at, nearly.
create index ledger_made_at_idx on ml.ledger using brin (made_at);

-- The same score always has the same id, so writing it again adds nothing. Stable, as its parts are: Postgres then
-- puts the expression in place of the call.
create function ml.score_id(model text, model_version integer, as_of date, horizon_days integer, user_id text)
returns uuid language sql stable parallel safe
return encode(
    substring(
        sha256(convert_to(
            model || ' ' || model_version::text || ' ' || (as_of - date '1970-01-01')::text
            || ' ' || horizon_days::text || ' ' || user_id,
            'UTF8'
        )) for 16
    ), 'hex'
)::uuid;

-- Append-only: what had become of a user when the horizon closed, one row whatever was predicted by whichever model.
create table ml.outcomes (
    user_id text not null,
    as_of date not null,
    horizon_days integer not null check (horizon_days > 0),
    has_activity boolean not null,
    has_purchased boolean not null,
    purchase_amount double precision not null,
    -- Null where the user was not active in the horizon before as_of, and so could not churn.
    is_churned boolean,
    joined_at timestamptz not null default now(),
    primary key (as_of, horizon_days, user_id)
);
