"""Were live answers made from what was known at their moment? Noted features are made again from events alone.

Belongs here: which notes are looked at, and the verdict in words. Not: taking notes (`serving.recorder`), or the
definitions (`orchestration.reference_features`).
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime

import polars as pl

from orchestration.reference_features import as_persons, reference_features
from orchestration.time_rule import differences, events_of
from warehouse.database import Database
from warehouse.ledger import NotedPrediction, noted_predictions
from warehouse.user_aliases import Alias, aliases_around

_NOTES = 200


@dataclass(frozen=True)
class LiveComparison:
    """How many noted predictions match their events, do not, or are of users without events (who were erased).

    `differing`: how many predictions, by feature that differs.
    """

    matching: int
    mismatching: int
    missing: int
    differing: dict[str, int]

    @property
    def sentence(self) -> str:
        """The verdict, and the way out."""
        noted = self.matching + self.mismatching + self.missing
        if not noted:
            return "no live prediction of that day was noted; SERVING_LIVE_SHARE says how many are"
        said = f"{noted} live predictions: {self.matching} match their events, {self.missing} have none any more"
        if not self.mismatching:
            return said
        worst = sorted(self.differing, key=lambda name: (-self.differing[name], name))[:5]
        return (
            f"{said}, {self.mismatching} do not match, most often in {', '.join(worst)}. Look in "
            "dbt_project/models/marts/live_user_features.sql for what reads too much or too little."
        )


def compare_live_answers(warehouse: Database, day: date) -> LiveComparison:
    """Makes the features of a day's noted predictions again, each from the events that its service could see."""
    notes = warehouse.run(noted_predictions(day, _NOTES))
    found = [_difference(warehouse, note) for note in notes]
    compared = [names for names in found if names is not None]
    differing = Counter(name for names in compared for name in names)
    wrong = sum(1 for names in compared if names)
    return LiveComparison(len(compared) - wrong, wrong, len(notes) - len(compared), dict(differing))


def _difference(warehouse: Database, note: NotedPrediction) -> list[str] | None:
    """The features of a note that its events do not say; None where there are no events."""
    aliases = [_at(note.made_at, each) for each in warehouse.run(aliases_around([note.user_id]))]
    known = [each for each in aliases if each.known_at <= note.made_at]
    ids = {note.user_id, *(name for each in known for name in (each.old_id, each.new_id))}
    events = events_of(warehouse, sorted(ids), seen_in=note.snapshot)
    # A person's events, under the id that was asked about.
    shown = pl.DataFrame({"user_id": [note.user_id]})
    person = as_persons(shown, known, note.as_of)["user_id"].item()
    own = as_persons(events, known, note.as_of).filter(pl.col("user_id") == person)
    if own.is_empty():
        return None
    rebuilt = reference_features(own, note.as_of)
    stored = pl.DataFrame([{"user_id": person, "as_of": note.as_of, **note.features}], infer_schema_length=None)
    return list(differences("live answers", stored, rebuilt).differing)


def _at(moment: datetime, alias: Alias) -> Alias:
    """The alias as it was then: one that ended later still held."""
    return replace(alias, ended_at=None) if alias.ended_at is not None and alias.ended_at > moment else alias
