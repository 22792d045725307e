-- The audit log: who changed what, and who looked at whom. Each row holds the hash of the row before, so that a changed
-- or missing row is found. Rows come through app.record_audit alone; nobody has the right to change or delete one.
create table app.audit (
    -- 1, 2, 3, ... without a gap.
    sequence bigint not null,
    at timestamptz not null,
    -- Such as account:<uuid>, key:7, cli; the name stays when the account is deleted.
    actor text not null,
    actor_name text not null,
    address text not null,
    request_id text not null,
    -- subject:verb, such as account:change.
    action text not null,
    -- What was changed or looked at, such as account:<uuid>. A user is named by a keyed hash, see app.audited_user.
    subject text not null,
    before jsonb,
    after jsonb,
    result text not null check (result in ('done', 'refused')),
    previous_sha256 bytea not null,
    sha256 bytea not null,
    primary key (at, sequence)
) partition by range (at);
create index audit_sequence on app.audit (sequence);

-- Where the chain ends, and where what is kept of it begins. A last row that is missing is found by this.
create table app.audit_ends (
    is_only boolean primary key default true check (is_only),
    first_sequence bigint not null,
    first_previous_sha256 bytea not null,
    last_sequence bigint not null,
    last_sha256 bytea not null
);
insert into app.audit_ends values (true, 1, sha256(''), 0, sha256(''));

-- What the hash of a row is made of.
create function app.audit_text(entry app.audit) returns text language sql stable
return jsonb_build_array(
    entry.sequence, to_char(entry.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), entry.actor, entry.actor_name,
    entry.address, entry.request_id, entry.action, entry.subject, entry.before, entry.after, entry.result,
    encode(entry.previous_sha256, 'hex')
)::text;

-- The name of a user in the log. Erasure has nothing to take from the log, for the id is not in it.
create function app.audited_user(user_id text) returns text language sql stable
security definer set search_path = pg_catalog
return 'user:' || encode(raw.user_hash(user_id), 'hex');

-- Adds a row and returns its number. Transactions that add rows wait for each other from here to their end, so this
-- comes last in them.
create function app.record_audit(
    actor text, actor_name text, address text, request_id text, action text, subject text,
    before jsonb, after jsonb, result text
) returns bigint
language plpgsql security definer set search_path = pg_catalog as $$
declare
    ends app.audit_ends;
    entry app.audit;
    month timestamp;
begin
    select * into strict ends from app.audit_ends for update;
    entry := row(
        ends.last_sequence + 1, clock_timestamp(), actor, actor_name, address, request_id, action, subject,
        before, after, result, ends.last_sha256, ''::bytea
    );
    entry.sha256 := sha256(convert_to(app.audit_text(entry), 'UTF8'));
    month := date_trunc('month', entry.at at time zone 'UTC');
    if to_regclass('app.audit_' || to_char(month, 'YYYY_MM')) is null then
        execute format(
            'create table app.%I partition of app.audit for values from (%L) to (%L)',
            'audit_' || to_char(month, 'YYYY_MM'), month at time zone 'UTC',
            (month + interval '1 month') at time zone 'UTC'
        );
    end if;
    insert into app.audit select entry.*;
    update app.audit_ends set last_sequence = entry.sequence, last_sha256 = entry.sha256;
    return entry.sequence;
end $$;

-- Drops the months that ended before a time. Verification then begins with the oldest row that is left. The owner's alone.
create function app.drop_audit(ended_before timestamptz) returns integer
language plpgsql set search_path = pg_catalog as $$
declare
    part text;
    dropped integer := 0;
    last_row app.audit;
begin
    perform from app.audit_ends for update;
    for part in
        select relname from pg_inherits join pg_class on oid = inhrelid
        where inhparent = 'app.audit'::regclass
            and (to_date(right(relname, 7), 'YYYY_MM') + interval '1 month') at time zone 'UTC' <= ended_before
        order by relname
    loop
        execute format('select * from app.%I order by sequence desc limit 1', part) into last_row;
        if last_row.sequence is not null then
            update app.audit_ends set
                first_sequence = last_row.sequence + 1, first_previous_sha256 = last_row.sha256;
        end if;
        execute format('drop table app.%I', part);
        dropped := dropped + 1;
    end loop;
    return dropped;
end $$;

revoke execute on function app.record_audit(text, text, text, text, text, text, jsonb, jsonb, text) from public;
revoke execute on function app.audited_user(text) from public;
revoke execute on function app.drop_audit(timestamptz) from public;
