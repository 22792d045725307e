"""Whether every promise was kept: what was acknowledged is there, once.

Belongs here: comparing what callers were promised (`load`) with what the platform has. Does not belong here: waiting
until the platform has caught up (`running`).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.integration.chaos.load import Asker, Load
from tests.integration.chaos.stack import Stack

UPDATES = "select count(*) from app.telegram_updates where handled_at is null"
JOBS = "select count(*) from jobs.user_jobs where finished_at is null"
MESSAGES = "select count(*) from app.recipients where state in ('queued', 'sending')"


@dataclass(frozen=True)
class Promise:
    """What was promised, how often, and how often the promise was not kept or kept twice."""

    what: str
    promised: int
    lost: int
    doubled: int
    note: str = ""


def waiting(stack: Stack) -> dict[str, int]:
    """What is still to be done, by what it is."""
    with stack.database() as connection:
        counted = {
            what: int(str(connection.execute(query.encode()).fetchall()[0][0]))
            for what, query in (("updates of the bot", UPDATES), ("exports", JOBS), ("messages", MESSAGES))
        }
    counted["bytes of predictions"] = _size(stack.home.ledger)
    return {what: number for what, number in counted.items() if number}


def promises(stack: Stack, load: Load, killed_answers: int, full: Sequence[tuple[float, float]]) -> list[Promise]:
    """All of them. `killed_answers`: how many answers of the bot were in flight at most when something was killed.

    `full`: from when until when the disk was full.
    """
    return [
        events(stack, load),
        *([] if load.asker is None else [_predictions(stack, load.asker, full)]),
        _updates(stack, load),
        _answers(load, killed_answers),
        messages(stack, load),
        _exports(stack, load),
    ]


def events(stack: Stack, load: Load) -> Promise:
    """Each was answered with `stored` or `known`."""
    marks = [mark for sender in load.events for mark in sender.acknowledged]
    query = "select properties->>'mark' from raw.events where source = 'web' and properties ? 'mark'"
    return _compared("events acknowledged by POST /events", marks, _column(stack, query))


def _predictions(stack: Stack, asker: Asker, full: Sequence[tuple[float, float]]) -> Promise:
    """Services answer also while there is no room to note what they said; they count what they could not keep."""
    query = "select prediction_id::text from ml.ledger where user_id = 'chaos-1'"
    there = _column(stack, query)
    excused = {
        name
        for name, at in asker.predictions.items()
        if name not in there and any(begin <= at <= end for begin, end in full)
    }
    compared = _compared("predictions answered, in the ledger", asker.predictions.keys() - excused, there)
    note = f"{len(excused)} more were answered while the disk was full, and are not there: `LedgerDropped` fires"
    return replace(compared, note=note if excused else "")


def _updates(stack: Stack, load: Load) -> Promise:
    query = "select user_id from raw.events where event_type = 'command' and user_id = any(%s)"
    users = [str(user_id) for user_id in load.visitors.written]
    with stack.database() as connection:
        stored = Counter(str(row[0]) for row in connection.execute(query.encode(), [users]))
    wanted = Counter({str(user_id): number for user_id, number in load.visitors.written.items()})
    lost, doubled = (wanted - stored).total(), (stored - wanted).total()
    return Promise("words written to the bot, as events", wanted.total(), lost, doubled)


def _answers(load: Load, killed_answers: int) -> Promise:
    answers, wanted = load.visitors.answers(), load.visitors.written
    lost, twice = (wanted - answers).total(), (answers - wanted).total()
    note = f"{lost} whose way to Telegram broke, {twice} in flight when the bot was killed; at most {killed_answers}"
    excess = max(0, lost + twice - killed_answers)
    return Promise("answers of the bot", wanted.total(), min(excess, lost), max(0, excess - lost), note)


def messages(stack: Stack, load: Load) -> Promise:
    """Each recipient of the campaign, and what arrived in the chats. `unknown` may have arrived."""
    query = "select chat_id, state from app.recipients where campaign_id = %s"
    with stack.database() as connection:
        states = [(chat, str(state)) for chat, state in connection.execute(query.encode(), [load.campaign_id])]
    received = load.received()
    counted = Counter(state for _, state in states)
    lost = sum(1 for chat, state in states if state == "sent" and chat not in received)
    lost += load.recipients - len(states)
    doubled = sum(number - 1 for number in received.values())
    note = ", ".join(f"{number} {state}" for state, number in sorted(counted.items()))
    return Promise("messages of a campaign", load.recipients, lost, doubled, note)


def _exports(stack: Stack, load: Load) -> Promise:
    query = "select job_id::text from jobs.user_jobs where state = 'done' and kind = 'export'"
    return _compared("exports, made by the worker", load.jobs.jobs, _column(stack, query), is_all=False)


def _compared(what: str, promised: Iterable[str], there: Iterable[str], *, is_all: bool = True) -> Promise:
    wanted, found = Counter(promised), Counter(there)
    lost = sum(1 for each in wanted if each not in found)
    doubled = sum(found[each] - 1 for each in (found if is_all else wanted) if found[each] > 1)
    return Promise(what, len(wanted), lost, doubled)


def _column(stack: Stack, query: str) -> list[str]:
    with stack.database() as connection:
        return [str(row[0]) for row in connection.execute(query.encode())]


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
