"""Where the dbt project lies, in a checkout and in an installed wheel alike.

Belongs here: paths of files that Python reads too. Does not belong here: anything else; dbt finds its files by itself.
dbt writes nothing into it: whoever calls dbt names a target folder in the home.
"""

from pathlib import Path

PROJECT = Path(__file__).parent

CATALOGUE = PROJECT / "models" / "marts" / "user_features.yml"
"""What every feature means, and which model uses it."""

EVENT_TYPES = PROJECT / "seeds" / "event_types.csv"
"""What every known event type counts as."""
