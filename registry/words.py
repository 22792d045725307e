"""What stands in the way of a promotion or rollback, a template for each sentence. Pages say them in other languages.

Belongs here: sentences for whoever asked. Does not belong here: when something is said.
"""

SENTENCES = {
    "other_champion": "Meanwhile {model} has got another champion; judge the challenger again.",
    "nothing_before": "{model} version {version} had no champion before it to roll back to.",
    "no_version": "There is no version {version} of {model}; see: customer-analyzer models list",
    "not_servable": "{model} version {version} is not deployed, as services would refuse it: {rest}",
    "rolled_back": "rolled back to: {rest}",
}


def said(name: str, /, **figures: object) -> str:
    """A sentence with its figures."""
    return SENTENCES[name].format(**figures)
