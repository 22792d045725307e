"""Which column of a file is which column of an event.

Belongs here: checking a profile's columns against a file, and turning a chunk's rows into event columns. Does not:
types and rules (`data_contracts`), or identity.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from data_contracts.contract import Check, Contract
from data_contracts.parsing import shown, texts
from ingestion.chunks import Chunk, Wanted, is_bookkeeping
from ingestion.errors import FileRefusedError, MappingRefusedError
from ingestion.profile import LEFT_OUT, Profile, constant, is_column, parts
from ingestion.words import said

PROPERTIES = "properties"
# What a date that is written as a time ends in.
_MIDNIGHT = r"[T ]0?0:00(?::00(?:\.0+)?)?(?:Z|\+00:?00)?$"
_KEYED = ("event_params", "user_properties")


@dataclass(frozen=True, slots=True)
class ColumnSource:
    """A column of a file and, where its values are JSON objects, the way into them."""

    column: str
    path: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """As one writes it in --map."""
        return ".".join((self.column, *self.path))


def demand_known_columns(contract: Contract, profile: Profile) -> None:
    """Raises MappingRefusedError if a profile names a column that events do not have."""
    if unknown := [column for column in profile.key if column not in contract.columns]:
        raise MappingRefusedError(
            f"--key {unknown[0]}: events have no column {unknown[0]}; theirs are {', '.join(contract.columns)}"
        )
    for column in (*profile.columns, *profile.values):
        if column not in contract.columns:
            source = profile.columns.get(column, "...")
            raise MappingRefusedError(
                f"--map {column}={source}: events have no column {column}; theirs are {', '.join(contract.columns)}"
            )


def demand_known_source(contract: Contract, source: str) -> None:
    """Raises MappingRefusedError if no event may come from `source`."""
    for rule in contract.property("source").rules:
        if rule.check is Check.VALID_VALUES and source not in rule.limit:
            raise MappingRefusedError(f"--source {source} is not one of {', '.join(rule.limit)}")


def wanted_columns(contract: Contract, profile: Profile) -> Wanted:
    """What an import will ask of a file."""
    sources = (profile.columns.get(name, name) for name in contract.columns)
    # A column may be called `a+b`.
    taken = [name for source in sources if is_column(source) for name in dict.fromkeys((source, *parts(source)))]
    looked_into = {name.partition(".")[0] for name in taken} - set(taken)
    return Wanted(tuple(taken), tuple(looked_into), profile.encoding, profile.records)


def demand_columns(
    path: Path,
    chunk: Chunk,
    contract: Contract,
    mapping: Mapping[str, str],
    filled: Sequence[str],
    optional: frozenset[str] = frozenset(),
) -> None:
    """Checks a file by its first rows: what is mapped must be there, and so must every required column.

    `filled` are required columns that the import can fill in; sources of `optional` columns may be missing. Raises
    MappingRefusedError or FileRefusedError.
    """
    names = names_of(chunk)
    for column, text in mapping.items():
        is_needed = column not in optional or (contract.property(column).required and column not in filled)
        if not is_column(text) or not is_needed:
            continue
        for source in _sources(text, names):
            if source.column not in names:
                raise MappingRefusedError(
                    said(
                        "no_such_column",
                        path=path,
                        column=source.column,
                        name=column,
                        text=text,
                        columns=listed(names),
                    )
                )
            if source.path and chunk.rows.height and _reach(chunk.rows, source).null_count() == chunk.rows.height:
                raise MappingRefusedError(
                    said(
                        "no_such_value",
                        path=path,
                        source=source.text,
                        name=column,
                        text=text,
                        rows=chunk.rows.height,
                        column=source.column,
                        keys=listed(_keys(chunk.rows, source.column)) or "nothing",
                    )
                )
    for each in contract.properties:
        is_mapped = mapping.get(each.name, LEFT_OUT) != LEFT_OUT
        is_there = each.name in names and each.name not in mapping
        if each.required and each.name not in filled and not is_mapped and not is_there:
            raise FileRefusedError(
                said("column_missing", path=path, name=each.name, same=each.name, columns=listed(names))
            )


def map_columns(chunk: Chunk, contract: Contract, mapping: Mapping[str, str]) -> pl.DataFrame:
    """The chunk's rows as event columns, values as the file has them. What no event column takes goes to properties.

    Values keep their type; order and number of rows are the chunk's.
    """
    names = names_of(chunk)
    columns: list[pl.Series] = []
    used: set[str] = set()
    for each in contract.columns:
        text = mapping.get(each, each)
        if (value := constant(text)) is not None:
            columns.append(pl.Series(each, [value]).new_from_index(0, chunk.rows.height))
        if not is_column(text):
            continue
        sources = _sources(text, names)
        if all(source.column in chunk.rows.columns for source in sources):
            columns.append(_joined([_decoded(_reach(chunk.rows, source)) for source in sources]).alias(each))
            used.update(source.column for source in sources if not source.path)
    events = pl.DataFrame(columns)
    rest = _rest(chunk, used)
    if rest is None:
        return events
    if PROPERTIES not in events.columns:
        return events.with_columns(rest.alias(PROPERTIES))
    return events.with_columns(_merged(events.get_column(PROPERTIES), rest))


def names_of(chunk: Chunk) -> list[str]:
    """The columns of a file, or the names in its documents, as its first rows have them."""
    if chunk.documents is None:
        return chunk.rows.columns
    return list(chunk.names)


def _sources(text: str, names: Sequence[str]) -> list[ColumnSource]:
    """What a source consists of. A column called exactly `text` wins over columns that are joined."""
    return [_source(part, names) for part in ((text,) if text in names else parts(text))]


def _source(text: str, names: Sequence[str]) -> ColumnSource:
    """A column called exactly `text` wins over a way into a column."""
    if text in names or "." not in text:
        return ColumnSource(text)
    column, *path = text.split(".")
    return ColumnSource(column, tuple(path))


def _joined(columns: Sequence[pl.Series]) -> pl.Series:
    """Columns as one text each row, with a space between; a day in front of others loses the midnight it came with."""
    *days, last = columns
    if not days:
        return last
    values = [
        *(texts(day.cast(pl.String, strict=False)).str.replace(_MIDNIGHT, "") for day in days),
        texts(last.cast(pl.String, strict=False)),
    ]
    frame = pl.DataFrame([each.alias(f"{place}") for place, each in enumerate(values)])
    text = pl.concat_str(pl.all(), separator=" ", ignore_nulls=True)
    return frame.select(pl.when(text != "").then(text)).to_series()


def _reach(rows: pl.DataFrame, source: ColumnSource) -> pl.Series:
    values = rows.get_column(source.column)
    if not source.path:
        return values
    if isinstance(values.dtype, pl.Struct):
        values = values.struct.json_encode()
    elif values.dtype.is_nested():
        values = _as_json(values)
    way = "$" + "".join(_step(name) for name in source.path)
    if source.column in _KEYED:
        # A list of keys and values, as Google Analytics writes them.
        way = f"$[?(@.key=={source.path[0]!r})].value" + "".join(_step(name) for name in source.path[1:])
    return shown(values).cast(pl.String, strict=False).str.json_path_match(way)


def _as_json(values: pl.Series) -> pl.Series:
    """Lists as JSON, which Polars writes of structs only."""
    text = values.alias("list").to_frame().to_struct("row").struct.json_encode()
    return text.str.strip_prefix('{"list":').str.strip_suffix("}").alias(values.name)


def listed(names: Sequence[str]) -> str:
    """Names of columns for a sentence, on one line, whatever a damaged file has for names."""
    return ", ".join(" ".join(name.split())[:60] for name in names[:50])


def _step(name: str) -> str:
    return f"[{name}]" if name.isdecimal() else f"[{name!r}]"


def _decoded(values: pl.Series) -> pl.Series:
    """Bytes as text where all of them are; else untouched, for the contract to refuse those that are not."""
    text = texts(values) if values.dtype == pl.Binary else values
    return text if text.null_count() == values.null_count() else values


def _keys(rows: pl.DataFrame, column: str) -> list[str]:
    """Names inside a column of JSON objects, as its first rows have them."""
    values = rows.get_column(column).drop_nulls().head(100)
    if isinstance(values.dtype, pl.Struct):
        return [field.name for field in values.dtype.fields]
    found: dict[str, None] = {}
    for text in shown(values).cast(pl.String, strict=False).drop_nulls():
        try:
            document = json.loads(text)
        except ValueError:
            continue
        if isinstance(document, dict):
            found.update(dict.fromkeys(document))
    return list(found)


def _rest(chunk: Chunk, used: set[str]) -> pl.Series | None:
    """What nobody asked for, as one JSON object a row; None if there is no such thing in the chunk."""
    if chunk.rest is not None:
        return chunk.rest if chunk.rest.null_count() < len(chunk.rest) else None
    extra = [name for name in chunk.rows.columns if name not in used and not is_bookkeeping(name)]
    if not extra:
        return None
    rows = pl.DataFrame([shown(column) for column in chunk.rows.select(extra).get_columns()])
    members = [_member(rows, name) for name in extra]
    inside = pl.concat_str(members, separator=",", ignore_nulls=True)
    return rows.select(pl.when(inside != "").then("{" + inside + "}").alias(PROPERTIES)).to_series()


def _member(rows: pl.DataFrame, name: str) -> pl.Expr:
    """`"name":value` for each row that has a value."""
    column = pl.col(name)
    text = pl.struct(column).struct.json_encode()
    is_there = column.is_not_null() & (column != "") if rows.schema[name] == pl.String else column.is_not_null()
    return pl.when(is_there).then(text.str.slice(1, text.str.len_chars() - 2))


def _merged(properties: pl.Series, rest: pl.Series) -> pl.Series:
    """Both objects in one; where both hold a name, Postgres keeps the last, which is the one in properties."""
    if isinstance(properties.dtype, pl.Struct):
        properties = properties.struct.json_encode()
    properties = shown(properties)
    own = pl.col("own").cast(pl.String).str.strip_chars()
    other = pl.col("rest")
    is_empty = own.is_null() | own.str.contains(r"^(\{\s*\})?$")
    merged = (
        pl.when(other.is_null())
        .then(own)
        .when(is_empty)
        .then(other)
        .when(own.str.starts_with("{"))
        .then(other.str.slice(0, other.str.len_chars() - 1) + "," + own.str.slice(1))
        # Not an object: left as it is for the contract to refuse.
        .otherwise(own)
    )
    return pl.DataFrame([properties.alias("own"), rest.alias("rest")]).select(merged.alias(PROPERTIES)).to_series()
