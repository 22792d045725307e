-- Amounts in several currencies are added up in one of them, the base currency.

-- What `amount` is worth in base currency. Null where `amount` is in base currency already, as nearly all amounts are, so
-- that stored rows need not be rewritten.
alter table raw.events add column base_amount numeric;

create table raw.base_currency (
    is_only boolean primary key default true check (is_only),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    settled_at timestamptz not null default now()
);

-- What one unit of a currency is worth in base currency, from `day` until the next rate of the currency, but not after
-- `last_day`. Append-only: of two rates for a day the later one counts for what is stored from then on.
create table raw.exchange_rates (
    rate_id bigint generated always as identity primary key,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    day date not null,
    rate double precision not null check (rate >= 0 and rate < 'infinity'),
    last_day date not null check (last_day >= day),
    known_at timestamptz not null default clock_timestamp()
);
create index exchange_rates_currency_day_idx on raw.exchange_rates (currency, day desc, rate_id desc);

-- The currency for whose rate a row waits; null for rows that break the contract. The `row` of one that waits is the event
-- as it will be stored.
alter table raw.events_quarantine add column waits_for text;
create index events_quarantine_waits_for_idx on raw.events_quarantine (quarantine_id) where waits_for is not null;

-- Until now amounts were added up whatever their currency. The commonest one becomes the base currency; what is in others
-- waits for rates. Telegram's stars (XTR) are no money.
do $$
begin
    insert into raw.base_currency (currency)
    select currency from raw.events
    where amount <> 0 and currency ~ '^[A-Z]{3}$' and currency <> 'XTR'
    group by currency order by count(*) desc, currency limit 1;
    if exists (
        select from raw.events, raw.base_currency as base where amount <> 0 and events.currency <> base.currency
    ) then
        update raw.events set base_amount = 0 where currency = 'XTR' and amount <> 0;
        with moved as (
            delete from raw.events using raw.base_currency as base
            where amount <> 0 and events.currency not in (base.currency, 'XTR')
            returning events.*
        )
        insert into raw.events_quarantine (quarantine_id, row_number, reason, row, ingested_xid, waits_for)
        select
            gen_random_uuid(), row_number() over (),
            format('amount is in %s, which has no rate for %s', currency, (occurred_at at time zone 'UTC')::date),
            to_jsonb(moved) - 'ingested_xid' - 'base_amount', 0, currency
        from moved;
    end if;
end $$;
