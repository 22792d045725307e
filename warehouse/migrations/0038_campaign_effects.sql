-- What was known of each campaign's effect at the end of each day, as it was said then. A day's rows are renewed until it
-- ends and then stay.
create table app.campaign_effects (
    campaign_id uuid not null references app.campaigns on delete cascade,
    measured_on date not null,
    variant text not null,
    outcome text not null check (outcome in ('buyers', 'orders', 'revenue')),
    measured_at timestamptz not null,
    window_days integer not null,
    -- Everybody's window is over: nothing more is measured.
    is_complete boolean not null,
    -- The arms do not have the users that they should have, so the effect is not to be believed.
    is_mismatched boolean not null,
    -- Too few buyers for bounds.
    is_early boolean not null,
    treated_users bigint not null,
    control_users bigint not null,
    -- Per user, as counted.
    treated_mean double precision not null,
    control_mean double precision not null,
    -- Of all treated users together; the bounds hold on all days at once.
    total double precision not null,
    total_low double precision,
    total_high double precision,
    p_value double precision,
    unit text not null,
    summary text not null,
    primary key (campaign_id, measured_on, variant, outcome)
);
