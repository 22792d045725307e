"""What a look for drift says, a template for each sentence. Pages say them in other languages by the same names."""

SENTENCES = {
    "too_few": "No verdict: {users:d} users on one side are too few; {least} are needed.",
    # `rest` is one of the two counts.
    "alarms": "Drift: {alarms} moved; {rest}",
    "drift": "Drift: {rest}",
    "no_drift": "No drift: {rest}",
    "named": "{count:d} of {columns:d} columns drifted ({share:.0%}, limit {limit:.0%}): {named}.",
    "counted": "{count:d} of {columns:d} columns drifted ({share:.0%}, limit {limit:.0%}).",
    # `rest` is the verdict.
    "levels": "{rest} Of the scores that matured last: foretold {foretold:,.0f}, came {came:,.0f} of {users:,} users.",
    "levels_and_money": (
        "{rest} Of the scores that matured last: foretold {foretold:,.0f}, came {came:,.0f} of {users:,} users;"
        " money foretold {foretold_money:,.0f}, came {money:,.0f}."
    ),
}


def said(name: str, /, **figures: object) -> str:
    """A sentence with its figures."""
    return SENTENCES[name].format(**figures)
