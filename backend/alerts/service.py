"""Records what Alertmanager posts, and shows it.

Does not belong here: which alerts there are (`deploy/monitoring`), and SQL (`warehouse.alerts`).
"""

from backend.alerts.schemas import AlertGroup, AlertList, AlertsRecorded, PostedAlert, ShownAlert
from backend.database import DatabasePool
from warehouse import alerts
from warehouse.alerts import Alert

_MOST_CHARACTERS = 500
_MOST_FIRING = 100


async def record(database: DatabasePool, group: AlertGroup) -> AlertsRecorded:
    """Records a group of alerts."""
    return AlertsRecorded(changed=await database.run(alerts.record_alerts([*map(_alert, group.alerts)])))


async def shown(database: DatabasePool, limit: int) -> AlertList:
    """The alerts that fire, and those that are over."""
    return AlertList(alerts=[_shown(each) for each in await database.run(alerts.alerts(limit))])


async def firing(database: DatabasePool) -> list[ShownAlert]:
    """The alerts that fire."""
    return [_shown(each) for each in await database.run(alerts.alerts(_MOST_FIRING)) if each.ended_at is None]


def _shown(alert: Alert) -> ShownAlert:
    return ShownAlert(
        name=alert.name,
        severity=alert.severity,
        summary=alert.summary,
        runbook=alert.runbook,
        began_at=alert.began_at,
        ended_at=alert.ended_at,
    )


def _alert(posted: PostedAlert) -> Alert:
    def text(given: dict[str, str], name: str) -> str:
        # Postgres takes no zero byte.
        return given.get(name, "")[:_MOST_CHARACTERS].replace("\0", "")

    return Alert(
        fingerprint=posted.fingerprint,
        began_at=posted.starts_at,
        ended_at=posted.ends_at if posted.status == "resolved" else None,
        name=text(posted.labels, "alertname"),
        severity=text(posted.labels, "severity"),
        summary=text(posted.annotations, "summary"),
        runbook=text(posted.annotations, "runbook"),
    )
