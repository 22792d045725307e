"""What a home knows of its backups: how old the newest is, how far the archive reaches, and what is wrong.

Belongs here: the file that says so, for `status`, monitoring and `backup list`. Does not belong here: the backups
(`barman`).
"""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from core.home import Home, read_json, write_private


@dataclass(frozen=True)
class BackupState:
    """How the backups of a home are. Times are UTC; None: never.

    `backup_at`: when the newest base backup ended. `archived_at`: what was committed until about then is in the
    archive. `verified_at`: when a backup was last restored and counted. `problem`: what stood in the way last.
    `begun_anew_at`: when log was last lost before it was archived; base backups from before lead no further.
    """

    backup_at: datetime | None = None
    archived_at: datetime | None = None
    verified_at: datetime | None = None
    backups: int = 0
    size_bytes: int = 0
    problem: str | None = None
    begun_anew_at: datetime | None = None

    def age_seconds(self, now: datetime) -> float | None:
        """How old the newest base backup is."""
        return None if self.backup_at is None else (now - self.backup_at).total_seconds()


def state_file(home: Home) -> Path:
    """Where the state is: JSON, with times in ISO 8601."""
    return home.backups / "state.json"


def read_state(home: Home) -> BackupState:
    """The state of a home's backups; an empty one where there are none."""
    found = read_json(state_file(home))
    times = {name: _time(found.get(name)) for name in ("backup_at", "archived_at", "verified_at", "begun_anew_at")}
    problem = found.get("problem")
    return BackupState(
        **times,
        backups=int(found.get("backups") or 0),
        size_bytes=int(found.get("size_bytes") or 0),
        problem=problem if isinstance(problem, str) else None,
    )


def write_state(home: Home, state: BackupState) -> None:
    """Remembers the state."""
    plain = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(state).items()}
    write_private(state_file(home), json.dumps(plain, indent=2) + "\n")


def _time(text: object) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if isinstance(text, str) else None
