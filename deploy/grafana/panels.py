"""What the Grafana dashboards show: the panels of each, with their queries, which stand here and nowhere else.

Belongs here: what each panel asks and in which unit. Does not belong here: how that becomes Grafana's JSON
(`dashboards`), which figures exist (`backend.monitoring` and the `metrics` modules), and alerts (`deploy/monitoring`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

API = 'route!~"/livez|/readyz|/metrics"'
SERVICE_COUNT = 'customer_analyzer_request_seconds_count{route!~"/livez|/readyz|/healthz|/metrics"}'
NEWEST_EVENT = "customer_analyzer_events_newest_received_timestamp_seconds"
HIT = 'rate(pg_stat_database_blks_hit{datname="warehouse"}[5m])'
READ = 'rate(pg_stat_database_blks_read{datname="warehouse"}[5m])'
FREE = 'node_filesystem_avail_bytes{fstype!~"tmpfs|ramfs"}'


@dataclass(frozen=True)
class Panel:
    """A panel: what it shows, Grafana's name of the unit, and queries by their legend."""

    title: str
    unit: str
    queries: Mapping[str, str]
    help: str = ""
    is_stat: bool = False


def quantile(share: float, histogram: str, by: str) -> str:
    """The query of a quantile of a histogram of seconds."""
    return f"histogram_quantile({share}, sum by (le, {by}) (rate({histogram}[5m])))"


DASHBOARDS: dict[str, tuple[str, list[Panel]]] = {
    "services": (
        "API and services",
        [
            Panel(
                "Processes that answer",
                "short",
                {"{{job}} {{model}}": 'sum by (job, model) (up{job=~"api|services"})'},
                is_stat=True,
            ),
            Panel(
                "Error budget that is used up, at the pace of the last hour",
                "percentunit",
                {"{{slo}} {{model}}": "slo:errors:ratio_rate1h / on (slo) group_left () slo:budget:ratio"},
                "1 uses the budget of 30 days up in 30 days; above 14.4 somebody is paged.",
            ),
            Panel(
                "API: requests a second",
                "reqps",
                {"{{status}}": f"sum by (status) (rate(customer_analyzer_api_request_seconds_count{{{API}}}[5m]))"},
            ),
            Panel(
                "API: time to answer",
                "s",
                {
                    "p50 {{route}}": quantile(0.5, f"customer_analyzer_api_request_seconds_bucket{{{API}}}", "route"),
                    "p99 {{route}}": quantile(0.99, f"customer_analyzer_api_request_seconds_bucket{{{API}}}", "route"),
                },
            ),
            Panel(
                "API: answers of the cache",
                "ops",
                {"{{outcome}}": "sum by (outcome) (rate(customer_analyzer_api_kept_answers_total[5m]))"},
            ),
            Panel(
                "API: events that wait to be stored", "short", {"events": "sum(customer_analyzer_api_events_waiting)"}
            ),
            Panel("API: open live connections", "short", {"listeners": "sum(customer_analyzer_api_notice_listeners)"}),
            Panel(
                "Services: requests a second",
                "reqps",
                {"{{model}} {{status}}": f"sum by (model, status) (rate({SERVICE_COUNT}[5m]))"},
            ),
            Panel(
                "Services: time to answer",
                "s",
                {
                    "p50 {{model}}": quantile(
                        0.5, 'customer_analyzer_request_seconds_bucket{route="/predict"}', "model"
                    ),
                    "p99 {{model}}": quantile(
                        0.99, 'customer_analyzer_request_seconds_bucket{route="/predict"}', "model"
                    ),
                },
            ),
            Panel("Processes: memory", "bytes", {"{{process}}": "customer_analyzer_process_resident_bytes"}),
            Panel(
                "Processes: cores in use",
                "short",
                {"{{process}}": "rate(customer_analyzer_process_cpu_seconds_total[5m])"},
            ),
            Panel(
                "Gateway: requests a second, connections",
                "short",
                {"requests": "rate(nginx_http_requests_total[5m])", "connections": "nginx_connections_active"},
            ),
            Panel(
                "Redis: memory, clients",
                "short",
                {"bytes": "redis_memory_used_bytes", "clients": "redis_connected_clients"},
            ),
        ],
    ),
    "pipeline": (
        "Pipeline and queues",
        [
            Panel("Newest event", "s", {"age": f"time() - {NEWEST_EVENT}"}, is_stat=True),
            Panel(
                "Newest features",
                "s",
                {"{{mart}}": "time() - customer_analyzer_mart_as_of_timestamp_seconds"},
                is_stat=True,
            ),
            Panel(
                "Last run",
                "s",
                {"{{pipeline_job}} {{state}}": "time() - customer_analyzer_run_ended_timestamp_seconds"},
                is_stat=True,
            ),
            Panel(
                "Newest backup", "s", {"{{what}}": "time() - customer_analyzer_backup_timestamp_seconds"}, is_stat=True
            ),
            Panel(
                "Events through the API, a second",
                "ops",
                {"{{status}}": "sum by (status) (rate(customer_analyzer_api_events_total[5m]))"},
            ),
            Panel(
                "Imported rows, within an hour",
                "short",
                {"{{outcome}}": "increase(customer_analyzer_imported_rows_total[1h])"},
            ),
            Panel(
                "Share of rows in quarantine",
                "percentunit",
                {"last hour": "customer_analyzer:quarantined:increase1h / (customer_analyzer:arrived:increase1h > 0)"},
            ),
            Panel("Rows in quarantine", "short", {"wait for {{waits_for}}": "customer_analyzer_quarantined_rows"}),
            Panel("Predictions that wait on disk", "bytes", {"bytes": "customer_analyzer_ledger_waiting_bytes"}),
            Panel("Campaigns", "short", {"{{kind}} {{state}}": "customer_analyzer_campaigns"}),
            Panel("Messages due", "short", {"messages": "customer_analyzer_messages_due"}),
            Panel(
                "Campaigns: since a sender saw to one, oldest message without outcome",
                "s",
                {
                    "unattended": "customer_analyzer_campaign_unattended_seconds",
                    "in flight": "customer_analyzer_message_in_flight_age_seconds",
                },
            ),
            Panel("Exports and erasures", "short", {"{{kind}} {{state}}": "customer_analyzer_user_jobs"}),
            Panel("Exports and erasures: the oldest", "s", {"age": "customer_analyzer_user_job_age_seconds"}),
            Panel(
                "Worker: last heard of", "s", {"age": "time() - customer_analyzer_worker_heartbeat_timestamp_seconds"}
            ),
        ],
    ),
    "models": (
        "Models",
        [
            Panel("Version to be used", "short", {"{{model}}": "customer_analyzer_deployed_version"}, is_stat=True),
            Panel(
                "Version in use",
                "short",
                {"{{model}}": "min by (model) (customer_analyzer_model_version)"},
                is_stat=True,
            ),
            Panel(
                "Age of scores",
                "s",
                {"{{model}}": "time() - customer_analyzer_scores_as_of_timestamp_seconds"},
                is_stat=True,
            ),
            Panel(
                "Quality in the newest matured week",
                "short",
                {"{{model}} {{said}} {{measure}}": "customer_analyzer_scorecard"},
            ),
            Panel(
                "Share of features that drifted",
                "percentunit",
                {
                    "{{model}}": "customer_analyzer_drifted_share",
                    "{{model}} confirmed": "customer_analyzer_drift_confirmed",
                },
            ),
            Panel(
                "Predictions a second, by what they rest on",
                "ops",
                {"{{model}} {{basis}}": "sum by (model, basis) (rate(customer_analyzer_predictions_total[5m]))"},
            ),
            Panel(
                "Age of the features served, in days",
                "short",
                {"p95 {{model}}": quantile(0.95, "customer_analyzer_feature_age_days_bucket", "model")},
            ),
            Panel(
                "Deployments taken and refused",
                "short",
                {
                    "{{model}} taken": "sum by (model) (customer_analyzer_model_swaps_total)",
                    "{{model}} refused {{code}}": "sum by (model, code) (customer_analyzer_model_swap_failures_total)",
                },
            ),
            Panel("Workers", "short", {"{{model}} refused: {{refused}}": "customer_analyzer_service_workers"}),
            Panel(
                "Ledger: recorded and lost a second",
                "ops",
                {
                    "{{model}} recorded": "sum by (model) (rate(customer_analyzer_ledger_rows_written_total[5m]))",
                    "{{model}} lost": "sum by (model) (rate(customer_analyzer_ledger_rows_dropped_total[5m]))",
                },
            ),
        ],
    ),
    "business": (
        "The shop",
        [
            Panel(
                "Newest day: users",
                "short",
                {"{{figure}}": 'customer_analyzer_newest_day{figure=~"active_users|new_users|buyers"}'},
                is_stat=True,
            ),
            Panel(
                "Newest day: orders", "short", {"orders": 'customer_analyzer_newest_day{figure="orders"}'}, is_stat=True
            ),
            Panel(
                "Newest day: revenue, in the base currency",
                "short",
                {"revenue": 'customer_analyzer_newest_day{figure="revenue"}'},
                is_stat=True,
            ),
            Panel(
                "Events within an hour",
                "short",
                {"stored": 'sum(increase(customer_analyzer_api_events_total{status="stored"}[1h]))'},
            ),
            Panel(
                "Running campaigns and triggers", "short", {"{{kind}}": 'customer_analyzer_campaigns{state="running"}'}
            ),
            Panel(
                "Predictions within an hour",
                "short",
                {"{{model}}": "sum by (model) (increase(customer_analyzer_predictions_total[1h]))"},
            ),
        ],
    ),
    "postgres": (
        "Postgres and the machine",
        [
            Panel(
                "Postgres answers",
                "short",
                {"exporter of this project": "customer_analyzer_warehouse_up", "postgres_exporter": "pg_up"},
                is_stat=True,
            ),
            Panel("Size of databases", "bytes", {"{{datname}}": 'pg_database_size_bytes{datname!~"template.*"}'}),
            Panel(
                "Connections",
                "short",
                {
                    "{{datname}} {{state}}": "sum by (datname, state) (pg_stat_activity_count) > 0",
                    "most": "pg_settings_max_connections",
                },
            ),
            Panel(
                "Transactions a second",
                "ops",
                {
                    "{{datname}} committed": 'rate(pg_stat_database_xact_commit{datname!~"template.*"}[5m])',
                    "{{datname}} rolled back": 'rate(pg_stat_database_xact_rollback{datname!~"template.*"}[5m])',
                },
            ),
            Panel(
                "Blocks found in memory",
                "percentunit",
                {"{{datname}}": f"{HIT} / ({HIT} + {READ})"},
            ),
            Panel(
                "Deadlocks within an hour",
                "short",
                {"{{datname}}": 'increase(pg_stat_database_deadlocks{datname!~"template.*"}[1h])'},
            ),
            Panel("Longest transaction", "s", {"{{datname}}": "max by (datname) (pg_stat_activity_max_tx_duration)"}),
            Panel("Locks", "short", {"{{mode}}": "sum by (mode) (pg_locks_count) > 0"}),
            Panel("Machine: cores in use", "short", {"cores": 'sum(rate(node_cpu_seconds_total{mode!="idle"}[5m]))'}),
            Panel(
                "Machine: memory",
                "bytes",
                {"available": "node_memory_MemAvailable_bytes", "all": "node_memory_MemTotal_bytes"},
            ),
            Panel(
                "Machine: free share of disks",
                "percentunit",
                {"{{device}} {{mountpoint}}": f"{FREE} / node_filesystem_size_bytes"},
            ),
        ],
    ),
}
