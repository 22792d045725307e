-- What an administrator has set for the whole shop. Each change is a new version; the newest one counts. What is null is as
-- the environment says.
create table app.shop_settings (
    version integer primary key check (version >= 1),
    most_a_day integer check (most_a_day between 0 and 1000),
    most_a_week integer check (most_a_week between 0 and 1000),
    quiet_from time,
    quiet_until time,
    time_zone text check (timestamp '2000-01-01' at time zone coalesce(time_zone, 'UTC') is not null),
    -- In which pages show money; null: in the base currency, in which amounts are kept whatever stands here.
    currency text check (currency ~ '^[A-Z]{3}$'),
    changed_by text not null,
    changed_at timestamptz not null default now(),
    check ((quiet_from is null) = (quiet_until is null))
);
