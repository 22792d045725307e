"""The event types of the contract, as the CSV file that dbt loads as a seed.

Belongs here: writing the file. Does not belong here: which types there are (the contract), or what is counted
(dbt_project).

python -m data_contracts.event_types > dbt_project/seeds/event_types.csv
"""

import csv
import io
import sys

from data_contracts.contract import Contract, read_contract


def event_types_csv(contract: Contract) -> str:
    """One line for each event type, in the contract's order: event_type, category, is_activity."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("event_type", "category", "is_activity"))
    writer.writerows((each.name, each.category, str(each.is_activity).lower()) for each in contract.event_types)
    return text.getvalue()


if __name__ == "__main__":
    sys.stdout.write(event_types_csv(read_contract()))
