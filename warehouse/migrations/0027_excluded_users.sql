-- Users who are left out of learning, scores and campaigns: test accounts and bots. Their events and features stay.
create table ml.excluded_users (
    user_id text primary key check (user_id <> ''),
    -- The first day whose population the user is no part of: what was learned from earlier days stays as it was.
    since date not null,
    reason text not null,
    excluded_by text not null,
    excluded_at timestamptz not null default now()
);
