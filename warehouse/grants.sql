-- Who may do what in the warehouse. Roles are made in warehouse/roles.py; this file is applied whole, in one transaction,
-- after migrations, whenever it or the schema has changed. A table that a service or the backend needs is named here.

create table if not exists public.applied_grants (digest text not null);
alter table public.applied_grants owner to customer_analyzer_owner;

-- What dbt makes is the pipeline's. The schemas are made here, so that what it makes in them can be read at once.
create schema if not exists staging authorization customer_analyzer_pipeline;
create schema if not exists intermediate authorization customer_analyzer_pipeline;
create schema if not exists marts authorization customer_analyzer_pipeline;
create schema if not exists analytics authorization customer_analyzer_pipeline;
create schema if not exists scorecards authorization customer_analyzer_pipeline;

revoke all on all tables in schema public, raw, ml, app, jobs, staging, intermediate, marts, analytics, scorecards
from customer_analyzer_serving, customer_analyzer_backend, customer_analyzer_monitoring, customer_analyzer_logs;

-- The pipeline: events in, everything that models need and say. It makes and moves partitions of events, and dbt adds
-- outcomes: raw.events and ml.outcomes are its own. Of all other tables of these schemas it changes rows, not columns.
grant usage, create on schema raw, ml to customer_analyzer_pipeline;
grant select on all tables in schema public to customer_analyzer_pipeline;
grant select, insert, update, delete, truncate on all tables in schema raw, ml to customer_analyzer_pipeline;
grant usage, select on all sequences in schema raw, ml to customer_analyzer_pipeline;
-- Runs with the rights of its owner, to whom the partitions that it makes must belong.
alter function raw.begin_receipt(timestamptz [], integer []) owner to customer_analyzer_pipeline;
-- Statistics, and the space of deleted rows. Before Postgres 17 both are the owner's alone, and are then left to autovacuum.
do $$ begin
    if current_setting('server_version_num')::integer >= 170000 then
        grant maintain on all tables in schema raw, ml, jobs to customer_analyzer_pipeline;
        grant maintain on app.telegram_updates, app.feedback, app.subscriptions, app.do_not_contact, app.recipients,
        app.user_list_members, app.campaigns, app.user_lists, app.saved_views to customer_analyzer_pipeline;
    end if;
end $$;

-- The lake's catalogue and identities are the pipeline's alone. It changes rows of them, not their columns.
grant usage on schema lake to customer_analyzer_pipeline;
grant select, insert, update, delete on all tables in schema lake to customer_analyzer_pipeline;

-- What Telegram delivered is about users, so an erasure looks through it and makes the id illegible.
grant usage on schema app to customer_analyzer_pipeline;
grant select, update on app.telegram_updates to customer_analyzer_pipeline;
-- An erasure deletes them.
grant select, update, delete on app.subscriptions, app.do_not_contact, app.recipients, app.user_list_members,
app.feedback to customer_analyzer_pipeline;
grant select, update on app.campaigns, app.user_lists, app.saved_views to customer_analyzer_pipeline;

-- Jobs: the pipeline's login does them, the backend asks for them by a function and has no right on the queue.
grant usage on schema jobs to customer_analyzer_pipeline, customer_analyzer_backend;
grant select, insert, update, delete on all tables in schema jobs to customer_analyzer_pipeline;
grant usage, select on all sequences in schema jobs to customer_analyzer_pipeline;
grant execute on function jobs.ask_for_user(text, text, text) to customer_analyzer_backend;
grant execute on function jobs.ask_for_model_change(text, text, integer, integer, text, text)
to customer_analyzer_backend;
grant execute on function jobs.ask_for_data(text, uuid, jsonb, text), jobs.give_up_upload(uuid)
to customer_analyzer_backend;
grant execute on function jobs.give_up_upload(uuid) to customer_analyzer_pipeline;
grant select on jobs.user_jobs, jobs.user_exports, jobs.data_jobs, jobs.model_changes
to customer_analyzer_backend;
grant select, insert on jobs.uploads to customer_analyzer_backend;

-- Services: features and scores, what to run and who may ask; they add to the ledger and never change it.
grant usage on schema marts, ml to customer_analyzer_serving;
grant select on all tables in schema marts to customer_analyzer_serving;
alter default privileges for role customer_analyzer_pipeline in schema marts
grant select on tables to customer_analyzer_serving;
grant select on ml.scores, ml.deployments, ml.assignments, ml.excluded_users to customer_analyzer_serving;
grant usage on schema app to customer_analyzer_serving;
grant select (key_id, key_sha256, scopes, expires_at, revoked_at) on app.api_keys to customer_analyzer_serving;
grant select, insert on ml.ledger to customer_analyzer_serving;
grant select, insert, update, delete on ml.first_answers, ml.workers to customer_analyzer_serving;
-- What keeps erased users out looks at more than whoever writes may see.
alter function raw.leave_out_erased() security definer set search_path = pg_catalog;

-- The backend: events in, and what people are shown. It adds events, and changes none.
grant usage on schema raw to customer_analyzer_backend;
grant select, insert on raw.events to customer_analyzer_backend;
grant insert, select on raw.events_quarantine to customer_analyzer_backend;
grant select, insert on raw.base_currency to customer_analyzer_backend;
grant select on raw.exchange_rates, raw.user_aliases, raw.watermarks, raw.archives, raw.daily_changes, raw.imports,
raw.contract_checks, raw.snapshots to customer_analyzer_backend;
grant select (erased_at) on raw.erased_users to customer_analyzer_backend;
grant usage on schema staging, intermediate, marts, analytics, scorecards, ml to customer_analyzer_backend;
grant select on all tables in schema staging, intermediate, marts, analytics, scorecards to customer_analyzer_backend;
alter default privileges for role customer_analyzer_pipeline in schema staging, intermediate, marts, analytics, scorecards
grant select on tables to customer_analyzer_backend;
grant select on ml.scores, ml.ledger, ml.outcomes, ml.drift, ml.deployments, ml.promotions, ml.excluded_users,
ml.model_versions, ml.policies, ml.policy_in_use, ml.user_effects, ml.recommender, ml.recommended_items,
ml.related_items, ml.revenue_at_risk, ml.recommender_promises to customer_analyzer_backend;
grant update (ended_at, ended_by) on ml.policies to customer_analyzer_backend;

-- Accounts and keys are the backend's alone. A key is never deleted, so its id always names the same caller.
grant usage on schema app to customer_analyzer_backend;
grant select, insert, update, delete on app.accounts, app.sessions, app.refresh_tokens, app.login_attempts,
app.telegram_sign_ins to customer_analyzer_backend;
grant select, insert, delete on app.signing_keys to customer_analyzer_backend;
grant select, insert, update on app.api_keys to customer_analyzer_backend;
grant usage on all sequences in schema app to customer_analyzer_backend;
-- The audit log is added to by a function, which keeps its order; its rows can be read, and by nobody changed.
grant select on app.audit, app.audit_ends to customer_analyzer_backend;
grant execute on function app.record_audit(text, text, text, text, text, text, jsonb, jsonb, text),
app.audited_user(text) to customer_analyzer_backend;
-- Notices: the pipeline and its jobs tell, by a function that keeps their order; the backend reads.
grant select on app.notices, app.notice_ends to customer_analyzer_backend, customer_analyzer_pipeline;
grant execute on function app.add_notice(text, jsonb, text) to customer_analyzer_pipeline;
-- Alertmanager tells the API of alerts. They, and when runs ended, name nobody.
grant select, insert, update, delete on app.alerts to customer_analyzer_backend;
grant select on app.run_ends to customer_analyzer_backend;
grant select on app.alerts, app.run_ends to customer_analyzer_pipeline;
-- Devices: the API adds and removes them, the worker tells them and removes those that are gone.
grant select, insert, update, delete on app.push_subscriptions to customer_analyzer_backend;
grant select on app.push_targets to customer_analyzer_pipeline;
grant select (subscription_id, told_at), update (told_until, told_at, waits_until), delete on app.push_subscriptions
to customer_analyzer_pipeline;
-- Months of the audit log that are over two years old are dropped by a schedule of the pipeline.
grant execute on function app.trim_audit(integer) to customer_analyzer_pipeline;
-- Whoever sends something asks when the data was last restored.
grant select on app.restorations to customer_analyzer_backend, customer_analyzer_pipeline;
grant select, insert, update, delete on app.telegram_updates, app.subscriptions, app.do_not_contact
to customer_analyzer_backend;
grant select on app.current_ids, app.current_subscriptions to customer_analyzer_backend;
-- Campaigns: the API makes them, and senders, which have the backend's login, send them.
grant select, insert, update on app.campaigns, app.recipients to customer_analyzer_backend;
grant select, insert, update, delete on app.user_lists, app.user_list_members to customer_analyzer_backend;
grant select, insert, update, delete on app.saved_views to customer_analyzer_backend;
-- Campaigns draw who is held out; the past of the group is never deleted. The pipeline measures what campaigns did.
grant select, insert, update on app.global_control, app.global_control_uses to customer_analyzer_backend;
grant select on app.global_control, app.global_control_uses, app.current_ids to customer_analyzer_pipeline;
grant select, insert, update on app.campaign_effects to customer_analyzer_pipeline;
grant select on app.campaign_effects to customer_analyzer_backend;
-- Telegram's ids of chats, for a minute.
grant select, insert, update, delete on app.send_slots to customer_analyzer_backend;
grant select, insert on app.template_versions, app.shop_settings to customer_analyzer_backend;
grant select, insert, update on app.feedback to customer_analyzer_backend;
grant execute on function app.take_send_slot(
    bigint, double precision, double precision, double precision, double precision
) to customer_analyzer_backend;

-- Logs: whoever ships lines adds them and changes none; whoever searches reads them. An erasure, which is the pipeline's,
-- makes a user's id illegible in them, in partitions that are made later too.
grant usage on schema logs to customer_analyzer_logs, customer_analyzer_pipeline;
grant execute on function logs.add_line(text, text, text) to customer_analyzer_logs;
grant select on logs.lines to customer_analyzer_logs;
grant select, update on all tables in schema logs to customer_analyzer_pipeline;
alter default privileges for role customer_analyzer_owner in schema logs
grant select, update on tables to customer_analyzer_pipeline;
do $$ begin
    if current_setting('server_version_num')::integer >= 170000 then
        grant maintain on all tables in schema logs to customer_analyzer_pipeline;
        alter default privileges for role customer_analyzer_owner in schema logs
        grant maintain on tables to customer_analyzer_pipeline;
    end if;
end $$;

-- Monitoring: ages and counts. It sees nobody's id, and no event. What Postgres says of itself needs one more role, which
-- not everybody may give; without it some figures of Postgres are missing.
grant usage on schema raw, ml, app, jobs to customer_analyzer_monitoring;
grant execute on function raw.newest_receipt(), app.newest_day(), ml.newest_scorecards() to customer_analyzer_monitoring;
grant select on app.run_ends, raw.snapshots, ml.drift, ml.deployments to customer_analyzer_monitoring;
grant select (finished_at, rows_read, rows_stored, rows_known, rows_quarantined) on raw.imports
to customer_analyzer_monitoring;
grant select (waits_for) on raw.events_quarantine to customer_analyzer_monitoring;
grant select (model, as_of, horizon_days) on ml.scores to customer_analyzer_monitoring;
grant select (model, seen_at, refused) on ml.workers to customer_analyzer_monitoring;
grant select (campaign_id, kind, state, worked_at, started_at) on app.campaigns to customer_analyzer_monitoring;
grant select (campaign_id, state, due_at, sent_at) on app.recipients to customer_analyzer_monitoring;
grant select (kind, state, asked_at, finished_at) on jobs.user_jobs to customer_analyzer_monitoring;
grant select (last_heartbeat) on jobs.procrastinate_workers to customer_analyzer_monitoring;
do $$ begin
    grant pg_monitor to customer_analyzer_monitoring;
exception when insufficient_privilege then
    null;
end $$;
