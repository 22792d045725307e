-- Assignment to experiments, and the users whom no campaign reaches, so that the effect of all campaigns is known.

-- The bucket of a user, 0 to 9,999, under the salt of an experiment. ml/experiments/assignment.py is the same function.
-- Stable, as its parts are: Postgres then puts the expression in place of the call.
create function app.bucket_of(salt text, user_id text) returns integer language sql stable strict parallel safe
return cast(
    cast(cast(
        'x' || encode(substring(sha256(convert_to(salt || chr(9) || user_id, 'UTF8')) for 4), 'hex') as bit(32)
    ) as bigint) % 10000 as integer
);

-- The global control group: users whose bucket is below `buckets`. The row without an end holds now; past rows stay, so
-- that an old campaign still knows whom it left out.
create table app.global_control (
    global_control_id bigint generated always as identity primary key,
    salt text not null check (salt <> ''),
    -- Of 10,000: 1 to 10 % of all users.
    buckets integer not null check (buckets between 100 and 1000),
    begun_by text not null,
    begun_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz check (ended_at >= begun_at)
);
create unique index global_control_now on app.global_control ((ended_at is null)) where ended_at is null;

-- What uses the group. While any row is not released, the group must stay as it is.
create table app.global_control_uses (
    -- Such as campaign:7.
    used_by text primary key,
    global_control_id bigint not null references app.global_control,
    begun_at timestamptz not null default clock_timestamp(),
    released_at timestamptz
);
