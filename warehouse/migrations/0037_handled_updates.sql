-- Updates are taken from the table by the bot, each by one that handles it. Who took an update and was killed leaves
-- handled_at empty, so it is given out again, a few times.
alter table app.telegram_updates
add column taken_at timestamptz,
add column attempts integer not null default 0,
-- What became of it: answered, noted, ignored, blocked, failed.
add column outcome text;
