"""What an import says of a file, a template for each sentence. Pages say them in other words, by the same names.

Belongs here: sentences for whoever imports on the command line. Does not belong here: when something is said.
"""

SENTENCES = {
    # Notes.
    "repeated_times": (
        "{times:,} times are in an hour that the clocks of {zone} showed twice; where no zone stands beside them, the"
        " first was taken"
    ),
    "waiting": (
        "{rows:,} rows ({currencies}) wait in quarantine: amounts are added up in {base}, and no rate is known for"
        " their days; bring rates in with `customer-analyzer events rates FILE`"
    ),
    "points": (
        "amounts that are points and not money ({currencies}) count as purchases, and are worth nothing until a rate"
        " says what one point is worth"
    ),
    "lone_users": (
        "no user has two events: each of the {users:,} has a user_id of its own. If it names an order or a session, map"
        " the column that names the customer with --map user_id=COLUMN; nothing can be learned of users who never come"
        " back"
    ),
    "joining_nothing": (
        "{events:,} events of type alias joined nothing: properties.previous_id is missing, is no id of a user, or"
        " belongs to this user or to another one already"
    ),
    "other_types": "counted as `other`: {types}",
    "like_purchase": (
        "{type} looks like a purchase, and is not counted as one; if it is, import with --map"
        " 'event_type:{same}=purchase'"
    ),
    "like_cents": (
        "all amounts of the first rows are whole numbers, half of them {middle:,.0f} or more; if they are cents, import"
        " with --minor-units"
    ),
    "mixed_ids": ("{users:,} user ids such as {example} end in .0 and others do not; they are different users here"),
    # Why a file cannot be read.
    "no_column_looks_like": (
        "{path}: no column looks like {name}; say which it is with --map {same}=COLUMN (its columns are {columns})"
    ),
    "no_such_column": "{path} has no column {column} (--map {name}={text}); its columns are {columns}",
    "no_such_value": ("{path} has no {source} (--map {name}={text}) in its first {rows:,} rows; {column} holds {keys}"),
    "column_missing": (
        "{path} has no column {name}, which every event needs; say which of its columns it is with --map {same}=COLUMN"
        " (its columns are {columns})"
    ),
    "shared_sign": (
        "amount has values such as {example}, whose sign several currencies share; say which it is with --map"
        " currency=COLUMN, or a constant such as --map currency=\"'USD'\""
    ),
    "cents_of_what": (
        "--minor-units needs the currency of each amount, as currencies have none, two or three decimals; say which"
        " it is with --map currency=COLUMN, or a constant such as --map currency=\"'EUR'\""
    ),
    "only_bad_rows": (
        "Not one of the {rows:,} rows of {path} is an event ({reasons}); all are in raw.events_quarantine with the"
        " reason, so compare its columns with the contract or use --map"
    ),
}


def said(name: str, /, **figures: object) -> str:
    """A sentence with its figures."""
    return SENTENCES[name].format(**figures)
