"""A run of chaos as a page: what was done, what came of it, and whether every promise was kept.

Does not belong here: running anything (`running`).
"""

import statistics
from collections.abc import Iterator

from tests.integration.chaos.running import Happened, Outcome

BEGIN, END = "<!-- written by make chaos -->", "<!-- end of what make chaos wrote -->"


def table(outcome: Outcome) -> str:
    """The run in Markdown."""
    return "\n".join(_lines(outcome)) + "\n"


def placed(page: str, outcome: Outcome) -> str:
    """A page whose part between the marks is this run."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{table(outcome)}\n{END}{rest.partition(END)[2]}"


def _lines(outcome: Outcome) -> Iterator[str]:
    yield (
        f"{outcome.began_at:%Y-%m-%d}, {outcome.minutes:g} minutes, {len(outcome.happened)} faults "
        f"(seed {outcome.seed}). Requests that had to be sent again: {sum(outcome.failures.values()):,}. "
        f"After the last fault everything was done and no alert fired within {outcome.caught_up_seconds:.0f} s."
    )
    yield ""
    yield "| what was promised | how often | lost | doubled | |"
    yield "| --- | --- | --- | --- | --- |"
    for each in outcome.promises:
        yield f"| {each.what} | {each.promised:,} | {each.lost} | {each.doubled} | {each.note} |"
    yield ""
    yield "| what failed | how | times | lasted, s | all well after, s: median, longest | alerts that had to fire |"
    yield "| --- | --- | --- | --- | --- | --- |"
    kinds: dict[tuple[str, str, float], list[Happened]] = {}
    for done in outcome.happened:
        kinds.setdefault((done.fault.victim, done.fault.name, done.fault.seconds), []).append(done)
    for (victim, name, seconds), all_done in sorted(kinds.items()):
        back = [each.back_seconds for each in all_done]
        wanted = sorted({alert for each in all_done for alert in each.fault.alerts})
        fired = [f"{alert}{'' if all(alert in each.alerts for each in all_done) else ' (did not)'}" for alert in wanted]
        lasted = "" if name.startswith("killed") and not wanted else f"{seconds:g}"
        yield (
            f"| {victim} | {name} | {len(all_done)} | {lasted} | {statistics.median(back):.0f}, {max(back):.0f} "
            f"| {', '.join(fired)} |"
        )
    if outcome.left_out:
        yield ""
        yield f"Left out: {' '.join(outcome.left_out)}"
    if outcome.complaints:
        yield ""
        yield f"**Not as it should be:** {'; '.join(outcome.complaints)}."
