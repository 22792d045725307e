-- Events also come from Kafka. How far each partition was read is committed with the events that were read.
create table raw.consumed (
    consumer_group text not null,
    topic text not null,
    topic_partition integer not null,
    -- The first message that was not stored yet.
    next_offset bigint not null check (next_offset >= 0),
    moved_at timestamptz not null default now(),
    primary key (consumer_group, topic, topic_partition)
);

-- Which messages are in quarantine. Goes with the row there.
create table raw.messages_in_quarantine (
    quarantine_id uuid not null,
    topic text not null,
    topic_partition integer not null,
    message_offset bigint not null,
    primary key (topic, topic_partition, message_offset)
);
create index messages_in_quarantine_quarantine_id_idx on raw.messages_in_quarantine (quarantine_id);

create function raw.forget_messages() returns trigger language plpgsql as $$
begin
    delete from raw.messages_in_quarantine where quarantine_id in (select quarantine_id from gone);
    return null;
end $$;

create trigger forget_messages after delete on raw.events_quarantine
referencing old table as gone for each statement execute function raw.forget_messages();
