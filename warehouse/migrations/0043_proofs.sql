-- When whoever holds a session last showed who they are, by a password or at Telegram. Dangerous acts ask that it was
-- lately. A sign-in is a proof; renewing a session is none.
alter table app.sessions add column proven_at timestamptz not null default now();
update app.sessions set proven_at = created_at;

-- What somebody went to Telegram's page for. Links and proofs belong to the session that asked.
alter table app.telegram_sign_ins
add column purpose text not null default 'sign_in' check (purpose in ('sign_in', 'link', 'prove')),
add column session_id uuid references app.sessions on delete cascade,
add check ((purpose = 'sign_in') = (session_id is null));
