-- Users who were erased, so that no file and no model brings them back. Of them only a keyed hash is kept: an
-- HMAC-SHA256, so that whoever sees the hashes (in a receipt, in a list) cannot try ids until one fits. The key is in
-- the database, because it must be wherever events are stored and in every backup of it: without it nobody who was
-- erased would be known again. Whoever holds the whole database can still try ids; so can whoever holds the events.
create table raw.erasure_key (
    is_only boolean primary key default true check (is_only),
    -- The key, xored with the two constants of HMAC.
    inner_pad bytea not null check (length(inner_pad) = 64),
    outer_pad bytea not null check (length(outer_pad) = 64)
);

insert into raw.erasure_key (inner_pad, outer_pad)
select
    string_agg(set_byte('\x00', 0, get_byte(key, place) # 54), ''::bytea order by place),
    string_agg(set_byte('\x00', 0, get_byte(key, place) # 92), ''::bytea order by place)
from (
    -- 244 random bits, filled up to the 64 bytes of a block of SHA-256.
    select uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || decode(repeat('00', 32), 'hex') as key
) as made
cross join generate_series(0, 63) as place;

create table raw.erased_users (
    user_hash bytea primary key check (length(user_hash) = 32),
    erased_at timestamptz not null default now(),
    -- The versions that had learned from the user, as the receipt lists them: afterwards nothing tells.
    trained_models jsonb not null
);

create function raw.user_hash(user_id text) returns bytea language sql stable parallel safe
return (
    select sha256(outer_pad || sha256(inner_pad || convert_to(user_id, 'UTF8'))) from raw.erasure_key
);

-- Whether a row of the quarantine is of one of the users with these hashes. Its user_id says whose it is; where it has
-- none (a column of another name, a line that could not be read) every value counts, and every piece of a line.
create function raw.is_of_user(bad_row jsonb, user_hashes bytea []) returns boolean language sql stable
return exists (
    select
    from jsonb_path_query(
        case when bad_row ->> 'user_id' <> '' then bad_row -> 'user_id' else bad_row end, 'strict $.**'
    ) as value
    cross join unnest(array[value #>> '{}'] || regexp_split_to_array(value #>> '{}', E'["\t,;|]')) as piece
    where
        jsonb_typeof(value) in ('string', 'number')
        and raw.user_hash(btrim(piece, E' \t{}[]:\'')) = any(user_hashes)
);

-- What arrives of an erased user after all, scored from a snapshot read before or served while it happened, goes at
-- once. The lock waits for an erasure that is under way; erasures wait for it.
create function raw.leave_out_erased() returns trigger language plpgsql as $$
begin
    lock table raw.erased_users in share mode;
    if exists (select from raw.erased_users) then
        execute format(
            'delete from %s where user_id in (select user_id from (select distinct user_id from arrived) as users'
            ' where raw.user_hash(user_id) in (select user_hash from raw.erased_users))', tg_relid::regclass
        );
    end if;
    return null;
end $$;

create trigger leave_out_erased after insert on ml.scores
referencing new table as arrived for each statement execute function raw.leave_out_erased();
create trigger leave_out_erased after insert on ml.ledger
referencing new table as arrived for each statement execute function raw.leave_out_erased();

-- What an erasure looks for, and an outcome belongs to.
create index scores_user_id_idx on ml.scores (user_id);
create index ledger_user_id_idx on ml.ledger (user_id) where user_id is not null;

alter table raw.imports add column rows_erased bigint not null default 0;
