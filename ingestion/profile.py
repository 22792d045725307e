"""How one kind of export is read: which column is which, which word means what, and what its values do not say.

Belongs here: the profile and the --map options that change it. Does not: applying it (`mapping`, `normalizing`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from data_contracts.numbers import DecimalSign
from data_contracts.times import DateOrder
from ingestion.errors import MappingRefusedError

# The source of an event column that the file does not fill, although it has a column of that name.
LEFT_OUT = "-"


@dataclass(frozen=True, slots=True)
class Profile:
    """What a file does not say about itself. The default is a file in our own words.

    `columns` gives for an event column the file's column, the way into its JSON (`payload.id`), several of these that
    are joined (`date+time`), a constant in quotes (`'purchase'`), or `-` to leave it out. `values` gives for an event
    column the file's words and ours for them.
    `is_minor`: amounts are whole cents, or whatever the smallest unit of their currency is. `encoding` is
    the one of text, None to find out; `records` is the way to the array of events inside of one JSON object.
    `is_lower_emails`: capitals in user ids that are e-mail addresses mean nothing. `key` are event columns that tell
    one row from another; `name` keeps ids of one sender apart from equal ones of another. The sources of
    `optional` columns may be missing, as not every export has them.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    time_zone: str = "UTC"
    date_order: DateOrder | None = None
    decimal: DecimalSign | None = None
    is_minor: bool = False
    encoding: str | None = None
    records: str | None = None
    is_lower_emails: bool = False
    key: tuple[str, ...] = ()
    name: str = "import"
    optional: frozenset[str] = frozenset()


def parse_mapping(options: Iterable[str], base: Profile | None = None) -> Profile:
    """`base` changed by --map options.

    `order_id=properties.invoice` names a source, `occurred_at=date+time` joins two, `event_type='purchase'` is a
    constant, `source=-` leaves a column out,
    `event_type:transaction=purchase` names a word. Raises MappingRefusedError for what has no such form.
    """
    profile = base or Profile()
    columns: dict[str, str] = {}
    values = {column: dict(words) for column, words in profile.values.items()}
    given: set[tuple[str, str]] = set()
    for option in options:
        left, _, right = (part.strip() for part in option.partition("="))
        column, colon, word = (part.strip() for part in left.partition(":"))
        if not column or not right or (colon and not word):
            raise MappingRefusedError(
                f"--map {option} is not of the form COLUMN=SOURCE, such as order_id=invoice, or COLUMN:WORD=OURS,"
                " such as event_type:transaction=purchase"
            )
        if (column, word) in given:
            raise MappingRefusedError(f"--map names {left} twice; keep one")
        given.add((column, word))
        if word:
            values.setdefault(column, {})[word] = right
        else:
            columns[column] = right
    return replace(
        profile,
        columns={**profile.columns, **columns},
        values=values,
        optional=profile.optional - set(columns),
    )


def constant(source: str) -> str | None:
    """The text of a constant such as `'purchase'`; None for any other source."""
    if len(source) > 2 and source[0] == source[-1] and source[0] in "'\"":
        return source[1:-1]
    return None


def parts(source: str) -> tuple[str, ...]:
    """The columns that a source such as `date+time` joins; only the source itself where it joins none."""
    names = tuple(part.strip() for part in source.split("+"))
    return names if all(names) else (source,)


def is_column(source: str) -> bool:
    """Whether a source is a column of the file, or a way into one."""
    return source != LEFT_OUT and constant(source) is None
