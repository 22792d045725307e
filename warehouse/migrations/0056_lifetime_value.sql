-- Money expected of a user over longer than a horizon, of the purchase model; null for models that do not say it.
alter table ml.scores
    add column lifetime_value_90d double precision,
    add column lifetime_value_365d double precision;
