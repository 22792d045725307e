-- What is expected of users at high risk of leaving, as each list of users had it. The list itself is made anew by each
-- run, and its risks are relative to everyone on it, so earlier days cannot be counted again.
create table ml.revenue_at_risk (
    as_of date primary key,
    users bigint not null,
    -- Money within the horizon, in base currency.
    expected_value double precision not null
);
