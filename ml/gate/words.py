"""What the gate says, a template for each sentence. Pages say them in other languages by the same names.

Belongs here: words. Does not belong here: when something is said.
"""

SENTENCES = {
    # What became of the challenger. `rest` is a sentence, or several.
    "promoted": "promoted: {rest}",
    "not_promoted": "not promoted: {rest}",
    "first": "promoted as the first {model} model, though: {rest}",
    "not_judged": "not judged: {rest}",
    "is_champion": "version {version} is champion already",
    # Why it went through.
    "unreadable": "{rest}; the champion cannot read today's features",
    "lost_calibration": "{rest}; the champion's calibration error has grown to {error:.3f}",
    "auc_of_champion": "AUC {auc:.3f} against {theirs:.3f} of the champion on {users:,} newest matured users",
    "auc_of_recency": "AUC {auc:.3f} against {theirs:.3f} of recency alone on {users:,} newest matured users",
    "segments_beside": (
        "{segments:d} segments for {users:,} users, stability {stability:.2f} against {theirs:.2f} of the champion,"
        " {kept:.0%} of users keep theirs"
    ),
    "segments": "{segments:d} segments for {users:,} users, stability {stability:.2f}",
    # What became of a fresh level.
    "level_of": "fresh level for version {version}: {rest}",
    "level_fresh": (
        "foretold {foretold:,.0f}, came {came:,.0f} of {users:,} users; the fresh level foretells {after:,.0f}"
        " ({shift:+.2f} log-odds)"
    ),
    "level_few": "foretold {foretold:,.0f}, came {came:,.0f} of {users:,} users: too few to learn a level from",
    "level_holds": "foretold {foretold:,.0f}, came {came:,.0f} of {users:,} users: the level holds",
    "level_chance": "foretold {foretold:,.0f}, came {came:,.0f} of {users:,} users: chance explains it",
    # Why not: probabilities.
    "few_rows": "{rows:.0f} matured users are too few to compare two models on",
    "lower_auc": (
        "AUC {auc:.4f} against {theirs:.4f} of the champion: for all that can be told it may be worse by {loss:.4f}"
    ),
    "calibration": "calibration error {error:.3f} against {theirs:.3f} of the champion",
    "calibration_limit": "calibration error {error:.3f} is above {limit}",
    "slice_newer": "AUC among newer users falls by {loss:.3f}",
    "slice_older": "AUC among older users falls by {loss:.3f}",
    "below_recency": "AUC {auc:.3f} is clearly below the {theirs:.3f} of recency alone",
    # Why not: segments.
    "large_segment_beside": "one segment holds {share:.0%} of the users, {theirs:.0%} in the champion's",
    "large_segment": "one segment holds {share:.0%} of the users",
    "unstable_beside": (
        "the segments would not be found again: stability {stability:.2f} against {theirs:.2f} of the champion"
    ),
    "unstable": "the segments would not be found again: stability {stability:.2f}",
    "few_keep": (
        "only {kept:.0%} of users keep their segment, and the new ones are neither clearly more stable"
        " ({stability:.2f} against {theirs:.2f}) nor clearly better separated ({separation:.2f} against"
        " {their_separation:.2f})"
    ),
    # Why not: whatever the model answers.
    "no_feature": "the marts have no feature `{feature}`; build them, or train again without it",
    "no_number": "the feature `{feature}` is {type} now, not a number",
    "empty_feature": (
        "nobody has the feature `{feature}` any more; when it was learned from, {share:.0%} of users had it"
    ),
    "missing_feature": (
        "the feature `{feature}` is missing for {now:.0%} of users; when it was learned from, for {then:.0%}"
    ),
    "slow": "one answer takes {ms:.0f} ms, more than {limit:.0f}",
    "large": "the model's files hold {megabytes:.0f} MB, more than {limit:.0f}",
    # Why nothing could judge it.
    "one_outcome": "{label} is {value} for all {rows:,} users of the test window",
    "few_of_one_outcome": (
        "{label} is true for {positives:,} of {rows:,} users of the test window, and at least {least} of each outcome"
        " are needed"
    ),
    # Why no rows can judge the two.
    "later_champion": "the champion has learned from later days, up to {day}; {rest}",
    "other_horizon": "the champion looks {theirs} days ahead, the challenger {own}; {rest}",
    "tested_on_learned": "the champion has learned from days the challenger is tested on; {rest}",
    "by_hand": "decide by hand: customer-analyzer models promote {model} {version}",
}


def said(name: str, /, **figures: object) -> str:
    """A sentence with its figures."""
    return SENTENCES[name].format(**figures)
