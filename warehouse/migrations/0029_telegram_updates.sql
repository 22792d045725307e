-- What Telegram delivered, each update once: it sends again what was not answered within a minute, for up to a day. Whoever
-- handles updates takes those without handled_at, in the order of their numbers.
create table app.telegram_updates (
    update_id bigint primary key,
    update jsonb not null,
    received_at timestamptz not null default now(),
    handled_at timestamptz
);
create index telegram_updates_unhandled_idx on app.telegram_updates (update_id) where handled_at is null;
