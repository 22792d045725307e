-- The first answer to each request that carried an Idempotency-Key. Whoever sends the request again gets it back, byte for
-- byte, whichever worker answers and whatever model has come into use meanwhile. A key belongs to its caller.
create table ml.first_answers (
    -- The caller's service key. Keys are never deleted, and a foreign key would lock this row for every answer.
    key_id bigint not null,
    model text not null,
    idempotency_key text not null,
    -- Of the route and the body: the same key with anything else is a mistake of the caller's.
    request_sha256 bytea not null check (length(request_sha256) = 32),
    -- JSON as it was sent, kept as text because every byte counts.
    answer text not null,
    answered_at timestamptz not null default now(),
    expires_at timestamptz not null,
    primary key (key_id, model, idempotency_key)
);

create index first_answers_expires_at_idx on ml.first_answers (expires_at);
