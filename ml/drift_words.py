"""What a look for drift says, a template for each sentence. Pages say them in other languages by the same names."""

SENTENCES = {
    "too_few": "No verdict: {users} users on one side are too few; {least} are needed.",
    # `rest` is one of the two counts.
    "alarms": "Drift: {alarms} moved; {rest}",
    "drift": "Drift: {rest}",
    "no_drift": "No drift: {rest}",
    "named": "{count} of {columns} columns drifted ({share:.0%}, limit {limit:.0%}): {named}.",
    "counted": "{count} of {columns} columns drifted ({share:.0%}, limit {limit:.0%}).",
}


def said(name: str, /, **figures: object) -> str:
    """A sentence with its figures."""
    return SENTENCES[name].format(**figures)
