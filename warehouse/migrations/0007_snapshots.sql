-- What makes a snapshot worth building again. Each increment of int_user_daily leaves a row that says from which day on
-- what was known has changed; each snapshot remembers the last such row it has seen, and what it was made by.
create table raw.daily_changes (
    change_id bigint generated always as identity primary key,
    first_known_day date not null,
    recorded_at timestamptz not null default now()
);

create table raw.snapshots (
    mart text not null,
    as_of date not null,
    -- 0 for what does not look ahead.
    horizon_days integer not null,
    change_id bigint not null,
    definition text not null,
    built_at timestamptz not null default now(),
    primary key (mart, as_of, horizon_days)
);

-- int_user_daily has the column known_day and more indexes than it had: the next build makes it anew, whole.
drop table if exists intermediate.int_user_daily;
