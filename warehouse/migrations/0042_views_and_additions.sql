-- Views that accounts save of the list of users, and by which addition a user came onto a list.

create table app.saved_views (
    view_id uuid primary key default gen_random_uuid(),
    account_id uuid not null references app.accounts on delete cascade,
    name text not null,
    -- The filters as they stand in the address of the page.
    query text not null,
    made_at timestamptz not null default now(),
    unique (account_id, name)
);

alter table app.user_list_members add column addition_id uuid;
create index user_list_members_addition_idx on app.user_list_members (list_id, addition_id);
