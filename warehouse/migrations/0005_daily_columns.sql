-- int_user_daily counts more than it did. A table without the new columns is dropped: the next build makes it anew,
-- whole, from raw.events.
drop table if exists intermediate.int_user_daily;
