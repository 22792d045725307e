-- Sign-ins with Telegram that were begun and are not over. Each can be completed once, and by whoever began it.
create table app.telegram_sign_ins (
    state_sha256 bytea primary key check (length(state_sha256) = 32),
    -- Of what only the program that began has.
    binding_sha256 bytea not null check (length(binding_sha256) = 32),
    verifier text not null,
    nonce text not null,
    expires_at timestamptz not null
);
