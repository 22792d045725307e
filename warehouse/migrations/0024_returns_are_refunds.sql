-- A purchase of less than nothing is stored as a refund since a while. Those that were stored before made sums negative,
-- on which every build failed. Marts count all events anew since the last migration.
update raw.events set event_type = 'refund' where event_type = 'purchase' and (amount < 0 or quantity < 0);
