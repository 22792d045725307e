"""What follows a restore, before the platform is used: nothing is sent twice, and whoever was erased stays erased.

Belongs here: the order of these steps, and what they say. Does not belong here: SQL (`warehouse.restorations`,
`warehouse.campaigns`), and erasing (`privacy`).

The data is as of the moment of the restore. What happened since, such as messages that were sent, happened to real
people all the same, and the warehouse does not know of it.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from privacy.replaying import Erasure, erase_again
from standalone.backups.archive import read_erasures
from standalone.stack import Platform
from warehouse import restorations
from warehouse.campaigns import hold_overdue
from warehouse.database import Database, execute
from warehouse.databases import DAGSTER, MLFLOW, WAREHOUSE


@dataclass(frozen=True)
class Settled:
    """What a restored platform does not do by itself, and what was done again."""

    held: list[restorations.Held]
    answers: int
    sessions: int
    erased_again: int
    found: list[str]
    """Where an id that was erased again is still found."""

    def sentences(self, restored_to: datetime) -> list[str]:
        """The same for people."""
        said = [
            f"{each.kind} {each.name!r} waits to be started again; {each.queued} are queued, some of whom may have"
            " been written to already"
            for each in self.held
        ]
        if self.answers:
            said.append(f"{self.answers} answers to feedback are not sent; answer again where none has arrived")
        if self.sessions:
            said.append(f"{self.sessions} sessions were ended: everybody signs in again")
        if self.erased_again:
            said.append(f"{self.erased_again} users who were erased after the backup were erased again")
        said += [f"an erased id is still found in {place}" for place in self.found]
        said.append(
            f"what was changed after {restored_to:%Y-%m-%d %H:%M:%S} UTC is not known: keys that were revoked and"
            " accounts that were disabled are valid again, and users who stopped messages get them again"
        )
        return said


def settle(platform: Platform, restored_to: datetime, erasures: Path) -> Settled:
    """Marks a warehouse as restored, holds what it would repeat, and erases again whoever is in the list of erasures.

    May be repeated: each call marks anew, and completes erasures that were interrupted.
    """
    with platform.server.connect(WAREHOUSE) as connection:
        # First, because from then on no sender takes up what was due before.
        restored_at = execute(connection, restorations.note_restoration(restored_to))
        connection.commit()
        execute(connection, hold_overdue())
        held = execute(connection, restorations.held_campaigns())
        answers = execute(connection, restorations.hold_answers())
        sessions = execute(connection, restorations.end_sessions())
        skipped = {"campaigns": [each.name for each in held], "answers": answers, "sessions": sessions}
        execute(connection, restorations.note_skipped(restored_at, skipped))
    known = [Erasure(**each) for each in read_erasures(erasures).values()]  # type: ignore[arg-type]
    others = [platform.access.pipeline.url(name) for name in (DAGSTER, MLFLOW)]
    count, receipts = erase_again(Database(platform.warehouse_url), platform.home, known, others)
    return Settled(held, answers, sessions, count, sorted({place for each in receipts for place in each.found}))
