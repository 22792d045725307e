-- What was said of one user, newest first: a page of it, and its erasure.
create index ledger_user_id_made_at_idx on ml.ledger (user_id, made_at desc, prediction_id desc);
