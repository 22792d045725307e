-- Variants that are whole policies: whom of an arm they write to, and when. Some users are always chosen by chance.

-- The share of users who are chosen by chance, wherever a campaign chooses users by a policy.
alter table app.campaigns add column exploration_share double precision not null default 0.1
check (exploration_share between 0 and 1);

-- `left_alone`: nobody writes to the user, because a policy did not choose them. Of an experiment on policies such a
-- user has an arm; of a campaign that chooses before arms are drawn, none.
alter table app.recipients drop constraint recipients_state_check;
alter table app.recipients add constraint recipients_state_check check (
    state in (
        'control', 'left_alone', 'opted_out', 'unreachable', 'queued', 'sending', 'capped', 'sent', 'failed', 'unknown',
        'cancelled'
    )
);
-- With which probability nobody would have written to the user. `propensity` is that of what was done. Null for who was
-- drawn before this was noted: then it is the campaign's control_share.
alter table app.recipients add column left_alone_propensity double precision
check (left_alone_propensity >= 0 and left_alone_propensity <= 1);

-- The first moment from `moment` on at which an hour begins in a time zone.
create function app.next_hour(moment timestamptz, time_zone text, hour integer)
returns timestamptz language sql stable parallel safe
return (
    select (day + cast(own > make_time(hour, 0, 0) as integer) + make_time(hour, 0, 0)) at time zone time_zone
    from (
        select cast(moment at time zone time_zone as date) as day, cast(moment at time zone time_zone as time) as own
    ) as here
);
