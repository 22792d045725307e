"""What confidence sequences promise and what they cost, beside the intervals and tests that are made for one look.

    python -m benchmarks.effect                              simulated experiments, whose effect is known
    python -m benchmarks.effect --trial FILE --arm segment --control 'No E-Mail' \\
        --outcome visit --outcome spend --covariate recency --covariate history
                                                             a trial of your own, a Parquet file with a row a user
"""

import argparse
from pathlib import Path

import numpy as np
import polars as pl
from rich.table import Table
from scipy.stats import chisquare

from benchmarks.effect_simulation import OUTCOMES, arriving, campaign
from cli.console import make_console
from ml.experiments.comparison import ArmSums, Floats, difference
from ml.experiments.sample_ratio import ALARM, sample_ratio_p_values
from ml.experiments.sequences import half_width

LOOKS, USERS = 100, 20_000
_EXPERIMENTS, _CAMPAIGNS = 5_000, 300
_FIXED = 1.959964


def arriving_table() -> Table:
    """Users who arrive one after the other: how often each interval is wrong, and how often it finds what is there."""
    table = _table(
        f"{USERS:,} users arrive, half of them treated, {LOOKS} looks; {_EXPERIMENTS:,} experiments a row",
        "buyers", "true effect", "wrong at any look: sequence", "ordinary interval",
        "found: sequence, at any look", "ordinary interval, at the end",
    )  # fmt: skip
    for rate in (0.01, 0.05, 0.3):
        for lift in (0.0, 0.1, 0.2):
            looks = arriving(experiments=_EXPERIMENTS, users=USERS, looks=LOOKS, rate=rate, lift=lift)
            found = (looks.found_ever(), looks.fixed_found_at_end())
            shown = [f"{share:.1%}" if lift else "" for share in found]
            wrong = (f"{share:.1%}" for share in (looks.wrong_ever(), looks.fixed_wrong_ever()))
            table.add_row(f"{rate:.0%}", f"{lift:+.0%}" if lift else "none", *wrong, *shown)
    return table


def campaign_table() -> Table:
    """Campaigns watched day by day."""
    table = _table(
        f"Campaigns to 4,000 users, 30 days, a look a day; {_CAMPAIGNS} campaigns a row",
        "control", "true effect", "outcome", "wrong at any look: sequence", "ordinary interval",
        "found: sequence, at any look", "ordinary interval, at the end", "variance taken by CUPED",
    )  # fmt: skip
    for control in (0.5, 0.1):
        for lift in (0.0, 0.3):
            found = campaign(
                experiments=_CAMPAIGNS, users=4_000, days=30, rate=0.01, lift=lift, treated_share=1 - control
            )
            for outcome in OUTCOMES:
                looks = found[outcome]
                taken = 1 - (looks.found.standard_error**2 / looks.found.plain_standard_error**2)[:, -1].mean()
                shares = (looks.found_ever(), looks.fixed_found_at_end())
                table.add_row(
                    f"{control:.0%}", f"{lift:+.0%}" if lift else "none", outcome,
                    f"{looks.wrong_ever():.1%}", f"{looks.fixed_wrong_ever():.1%}",
                    *(f"{share:.1%}" if lift else "" for share in shares), f"{taken:.0%}",
                )  # fmt: skip
    return table


def sample_ratio_table() -> Table:
    """Arms that lose users."""
    table = _table(
        f"Sample ratio: {USERS:,} users, {LOOKS} looks, alarm below p = {ALARM}; {_EXPERIMENTS:,} experiments a row",
        "control", "lost of it", "alarms: sequential", "chi-square, at any look", "chi-square, at the end",
    )  # fmt: skip
    random = np.random.default_rng(0)
    a_look = USERS // LOOKS
    for share in (0.5, 0.1):
        for lost in (0.0, 0.02, 0.05, 0.1):
            kept = share * (1 - lost) / (1 - share * lost)
            control = random.binomial(a_look, kept, (_EXPERIMENTS, LOOKS)).cumsum(axis=1)
            counts = np.stack([control, a_look * np.arange(1, LOOKS + 1) - control], axis=-1)
            totals = counts.sum(axis=-1, keepdims=True)
            ordinary = chisquare(counts, totals * np.array([share, 1 - share]), axis=-1).pvalue < ALARM
            alarms = sample_ratio_p_values(counts, [share, 1 - share])[:, -1] < ALARM
            shares = (alarms.mean(), ordinary.any(axis=1).mean(), ordinary[:, -1].mean())
            table.add_row(f"{share:.0%}", f"{lost:.0%}", *(f"{found:.2%}" for found in shares))
    return table


def trial_table(trial: pl.DataFrame, arm: str, control: str, outcomes: list[str], covariates: list[str]) -> Table:
    """Each arm of a real trial beside its control, its users looked at in a random order."""
    table = _table(
        f"{trial.height:,} users, {LOOKS} looks", "arm", "users", "outcome", "mean", "control",
        "difference, ordinary interval", "sequence at the end", "excludes 0 from look", "variance taken by CUPED",
    )  # fmt: skip
    shuffled = trial.sample(fraction=1, shuffle=True, seed=0)
    names = shuffled.get_column(arm).to_numpy()
    ends = np.linspace(0, trial.height, LOOKS + 1).round().astype(int)[1:]
    for name in sorted(set(names) - {control}):
        for outcome in outcomes:
            rows = shuffled.select(outcome, *covariates).cast(pl.Float64).to_numpy()
            treated, held_out = (_sums_at(rows, names == each, ends) for each in (name, control))
            found, observed = difference(treated, held_out), treated.users + held_out.users
            widths = half_width(found.standard_error, observed, observed[-1])
            clear = np.flatnonzero(~(np.abs(found.estimate) <= widths))
            taken = 1 - (found.standard_error[-1] / found.plain_standard_error[-1]) ** 2
            estimate, error = found.estimate[-1], found.standard_error[-1]
            table.add_row(
                name, f"{treated.users[-1]:,.0f}", outcome, f"{treated.means[-1, 0]:.4f}",
                f"{held_out.means[-1, 0]:.4f}", f"{estimate:+.4f} ± {_FIXED * error:.4f}", f"± {widths[-1]:.4f}",
                str(clear[0] + 1) if len(clear) else "never", f"{taken:.1%}",
            )  # fmt: skip
    return table


def _sums_at(rows: Floats, is_member: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], ends: Floats) -> ArmSums:
    """The sums of an arm's users among the first so many rows."""
    looks = [ArmSums.of(rows[:end][is_member[:end]]) for end in ends]
    return ArmSums(*(np.stack([getattr(look, part) for look in looks]) for part in ("users", "sums", "products")))


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title)
    for heading in headings:
        table.add_column(heading)
    return table


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trial", type=Path, help="a Parquet file with a row a user")
    parser.add_argument("--arm", help="the column that names the arm")
    parser.add_argument("--control", help="the name of the control arm")
    parser.add_argument("--outcome", action="append", default=[], help="a column with an outcome")
    parser.add_argument("--covariate", action="append", default=[], help="a column known before")
    given = parser.parse_args()
    console = make_console()
    if given.trial is not None:
        trial = pl.read_parquet(given.trial)
        console.print(trial_table(trial, given.arm, given.control, given.outcome, given.covariate))
        return
    for table in (arriving_table, campaign_table, sample_ratio_table):
        console.print(table())


if __name__ == "__main__":
    _main()
