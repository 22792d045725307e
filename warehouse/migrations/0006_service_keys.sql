-- Who may call the services. Only the SHA-256 of a key is kept: a key is long and random, so nobody can guess it from
-- that. Several may be valid at once, so that callers can change keys one after the other.
create table ml.service_keys (
    key_id bigint generated always as identity primary key,
    name text not null check (name <> ''),
    key_sha256 bytea not null unique check (length(key_sha256) = 32),
    created_at timestamptz not null default now(),
    revoked_at timestamptz
);
