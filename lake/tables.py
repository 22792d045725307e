"""What tables the lake has, as figures.

Belongs here: rows, files and snapshots of each table. Does not belong here: printing them (`cli`).
"""

from dataclasses import dataclass

from lake.catalogue import Lake


@dataclass(frozen=True)
class TableFigures:
    """A table: its rows, data files and their size as of the newest snapshot, and how many snapshots there are."""

    name: str
    rows: int
    files: int
    size_bytes: int
    snapshots: int


def tables(lake: Lake) -> list[TableFigures]:
    """All tables, by name."""
    found = []
    with lake.reading() as transaction:
        for name in transaction.names():
            table = transaction.table(name)
            snapshot = None if table is None else table.current_snapshot()
            said = {} if snapshot is None or snapshot.summary is None else snapshot.summary
            rows, files, size = (
                int(said.get(f"total-{each}") or 0) for each in ("records", "data-files", "files-size")
            )
            count = 0 if table is None else len(table.snapshots())
            found.append(TableFigures(".".join(name), rows, files, size, count))
    return found
