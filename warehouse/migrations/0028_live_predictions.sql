-- Of a share of live predictions: the features that they were made from, and the snapshot of transactions that Postgres
-- saw then, so that the features can be made again from exactly the events that counted.
alter table ml.ledger add column live jsonb;
