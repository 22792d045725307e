-- Whom to treat: the probability with which each recipient was drawn, policies that were learned, and the effects that the
-- one in use expects.

-- With which probability the recipient was drawn into the arm: its share of those who could be written to. Null for who is
-- in no arm of the campaign, and for who was drawn before this was noted.
alter table app.recipients add column propensity double precision check (propensity > 0 and propensity <= 1);

-- Every policy that was ever learned, with how it was judged.
create table ml.policies (
    policy_id bigint generated always as identity primary key,
    learned_at timestamptz not null default now(),
    learned_by text not null,
    -- Campaigns whose decisions it was learned from, and how many decisions these were.
    campaigns jsonb not null,
    decisions bigint not null,
    -- Purchases within so many days, a message at this cost (base currency), and for at most this share of users.
    window_days integer not null check (window_days > 0),
    cost_per_contact double precision not null check (cost_per_contact >= 0),
    budget_share double precision not null check (budget_share > 0 and budget_share <= 1),
    learner text not null,
    policy jsonb not null,
    report jsonb not null,
    is_promoted boolean not null,
    verdict text not null,
    -- When somebody took it out of use.
    ended_at timestamptz,
    ended_by text
);

-- The policy in use: the newest one, if it was promoted. If the newest is not better than chance, none is used.
create view ml.policy_in_use as
select * from ml.policies
where policy_id = (select max(policy_id) from ml.policies) and is_promoted and ended_at is null;

-- What a message would change for each user, as the policy in use expects; empty while none is.
create table ml.user_effects (
    user_id text primary key,
    policy_id bigint not null references ml.policies,
    as_of date not null,
    -- The best action, what it adds to the probability of a purchase, and what that is worth after its cost.
    action text not null,
    effect double precision not null,
    worth double precision not null
);
create index user_effects_worth_idx on ml.user_effects (worth desc);
