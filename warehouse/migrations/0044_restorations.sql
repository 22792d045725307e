-- When these databases were restored from a backup. The data is as of `restored_to`; what happened between the two times,
-- such as messages that were sent, is not in it.
create table app.restorations (
    restored_at timestamptz primary key default clock_timestamp(),
    restored_to timestamptz not null,
    -- What was kept from happening again, by kind.
    skipped jsonb not null default '{}'
);

-- The last time; -infinity where they never were. Whoever sends something checks that it became due after this.
create function app.restored_at() returns timestamptz language sql stable parallel safe
return (select coalesce(max(restored_at), '-infinity') from app.restorations);
