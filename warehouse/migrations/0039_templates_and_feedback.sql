-- The words of personal answers. Each change is a new version; the newest one counts. A built-in template that nobody has
-- changed has no row.
create table app.template_versions (
    name text not null check (name ~ '^[a-z][a-z0-9_]{0,63}$'),
    version integer not null check (version >= 1),
    content jsonb not null,
    changed_by text not null,
    changed_at timestamptz not null default now(),
    primary key (name, version)
);

-- What users say to the shop, and what the shop answers through the bot.
create table app.feedback (
    feedback_id uuid primary key default gen_random_uuid(),
    user_id text not null check (user_id <> ''),
    chat_id bigint not null,
    language text not null,
    stars integer check (stars between 1 and 5),
    words text,
    given_at timestamptz not null default now(),
    answer text,
    answered_by text,
    answered_at timestamptz,
    -- Of the answer: queued, taken by the bot just before it sends, sent, failed. One that stays in sending is unknown:
    -- the bot was killed in between, and it is not sent again by itself.
    answer_state text check (answer_state in ('queued', 'sending', 'sent', 'failed')),
    answer_message_id bigint,
    answer_error text,
    check (stars is not null or words is not null),
    check ((answer is null) = (answer_state is null))
);
create index feedback_given_at_idx on app.feedback (given_at desc, feedback_id desc);
create index feedback_user_id_idx on app.feedback (user_id);
create index feedback_queued_idx on app.feedback (answered_at) where answer_state = 'queued';
