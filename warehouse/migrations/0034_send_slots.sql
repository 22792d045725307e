-- The budget of messages: who sends takes a slot first, the bot and all senders from the same table. It is about the next
-- seconds, so it need not survive a crash.
create unlogged table app.send_slots (
    -- 0: all chats together.
    chat_id bigint primary key,
    next_at timestamptz not null
);

-- Takes the next slot of all chats together and of one chat, unless the chat's own comes later than now or the slot is more
-- than `most_ahead` seconds away. Whoever is granted one waits `wait_seconds` and sends; whoever is not asks again then.
create function app.take_send_slot(
    chat bigint, spacing double precision, chat_spacing double precision, most_ahead double precision,
    out is_granted boolean, out wait_seconds double precision
) language plpgsql as $$
declare
    current timestamptz;
    overall timestamptz;
    own timestamptz;
begin
    select next_at into overall from app.send_slots where chat_id = 0 for update;
    if not found then
        insert into app.send_slots values (0, '-infinity') on conflict do nothing;
        select next_at into overall from app.send_slots where chat_id = 0 for update;
    end if;
    -- Whoever changes a chat's row holds the lock on the row above.
    select next_at into own from app.send_slots where chat_id = chat;
    current := clock_timestamp();
    overall := greatest(overall, current);
    if own > current then
        is_granted := false;
        wait_seconds := extract(epoch from own - current);
        return;
    end if;
    wait_seconds := extract(epoch from overall - current);
    if wait_seconds > most_ahead then
        is_granted := false;
        wait_seconds := wait_seconds - most_ahead;
        return;
    end if;
    is_granted := true;
    update app.send_slots set next_at = overall + make_interval(secs => spacing) where chat_id = 0;
    insert into app.send_slots values (chat, overall + make_interval(secs => chat_spacing))
    on conflict (chat_id) do update set next_at = excluded.next_at;
end $$;
revoke execute on function app.take_send_slot(bigint, double precision, double precision, double precision) from public;
