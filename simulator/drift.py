"""A change of the simulated shop from one day on, large enough that drift detection must notice it.

Belongs here: what can change, and by how much. Does not belong here: detecting it (`ml.drift`).
"""

from dataclasses import dataclass
from enum import StrEnum

from core.errors import UserError


class DriftKind(StrEnum):
    """What changes: the sources of events, how often users come, or how fast they leave."""

    # The shares of the sources are reversed: most users move from Telegram to the mobile app.
    SOURCES = "sources"
    # Users come half as often of their own accord.
    ACTIVITY = "activity"
    # The hazard of leaving for good doubles.
    CHURN = "churn"


@dataclass(frozen=True, slots=True)
class Drift:
    """`kind` changes for good at midnight UTC of `day`, counted from the first day of the simulation (0)."""

    kind: DriftKind
    day: int

    def __str__(self) -> str:
        return f"{self.kind}@{self.day}"

    def session_factor(self, day: int) -> float:
        """The factor on the rate of sessions on that day."""
        return 0.5 if self.kind is DriftKind.ACTIVITY and day >= self.day else 1.0

    def churn_factor(self, day: int) -> float:
        """The factor on the hazard of leaving on that day."""
        return 2.0 if self.kind is DriftKind.CHURN and day >= self.day else 1.0


def parse_drift(text: str) -> Drift:
    """Parses KIND@DAY, such as `churn@90`. Raises UserError that names the kinds."""
    kind, _, day = text.partition("@")
    if kind not in list(DriftKind) or not day.isdecimal():
        raise UserError(f"--drift {text} is not KIND@DAY, such as churn@90; kinds are {', '.join(DriftKind)}")
    return Drift(DriftKind(kind), int(day))
