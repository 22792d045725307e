-- What was foretold in money, so that the scorecard can compare it with what was spent; null where a model foretells none.
alter table ml.ledger add column expected_value double precision;
