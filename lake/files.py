"""The data files of a table: read one at a time, replaced by others, and removed when nothing refers to them.

Belongs here: what erasure and compaction share. Does not belong here: why a file is replaced (`erasing`, `upkeep`).

pyiceberg's own readers load ahead as many files as there are threads, and keep them; here memory holds one file.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pyarrow as pa
from pyarrow import fs
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan, PyArrowFileIO, bin_pack_arrow_table, pyarrow_to_schema, write_file
from pyiceberg.manifest import DataFile, ManifestFile
from pyiceberg.partitioning import PartitionFieldValue, PartitionKey
from pyiceberg.table import FileScanTask, Table, WriteTask
from pyiceberg.typedef import Record

from lake.catalogue import LakeTransaction
from warehouse.database import execute
from warehouse.lake_events import view_files

_SUFFIXES = (".parquet", ".avro", ".metadata.json", ".orc", ".puffin", ".stats")
_FOLDERS = ("data", "metadata")
_FILE_BYTES = 256 << 20
"""Of a file's rows in memory, where its table does not say."""


def data_files(table: Table) -> list[FileScanTask]:
    """The data files of a table's newest snapshot."""
    return list(table.scan().plan_files())


def read(table: Table, files: Sequence[FileScanTask], columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of some data files, whole or some columns of them."""
    schema = table.schema() if columns is None else table.schema().select(*columns)
    return ArrowScan(table.metadata, table.io, schema, AlwaysTrue()).to_table(files)


def replace(
    table: Table, replaced: Iterable[tuple[Sequence[FileScanTask], pa.Table]], summary: Mapping[str, str]
) -> None:
    """Puts rows in the place of data files of one partition, all in one snapshot with `summary`.

    A second snapshot forgets what the first says about the files that are gone: their bounds may hold values of rows.
    """
    said = dict(summary)
    with table.transaction() as transaction, transaction.update_snapshot(said).overwrite() as snapshot:
        for files, rows in replaced:
            for each in files:
                snapshot.delete_data_file(each.file)
            for made in written(table, rows, files[0].file.partition):
                snapshot.append_data_file(made)
    with table.transaction() as transaction, transaction.update_snapshot(said).fast_append():
        pass


def written(table: Table, rows: pa.Table, partition: Record) -> Iterator[DataFile]:
    """New files with rows that are all of one partition, in no snapshot yet; none where there are no rows.

    The partition is said, as files say it that rows come from: pyiceberg computes that of months and the like only with
    another package.
    """
    if not rows.num_rows:
        return
    schema, spec = table.schema(), table.spec()
    values = [PartitionFieldValue(field, partition[place]) for place, field in enumerate(spec.fields)]
    key = PartitionKey(values, spec, schema) if values else None
    named = pyarrow_to_schema(rows.schema, name_mapping=schema.name_mapping)
    limit = int(table.properties.get("write.target-file-size-bytes", _FILE_BYTES))
    write_id = uuid4()
    tasks = (
        WriteTask(write_id, number, named, batches, partition_key=key)
        for number, batches in enumerate(bin_pack_arrow_table(rows, limit))
    )
    yield from write_file(table.io, table.metadata, tasks)


def remove_unreferenced(transaction: LakeTransaction, older_than: timedelta) -> int:
    """Removes files below the lake's folders that no table or view refers to; how many.

    What is younger than `older_than` may be in the making. Only what looks like a file of a table is touched.
    """
    tables = [table for name in transaction.names() if (table := transaction.table(name)) is not None]
    of_tables = (location for table in tables for location in _referenced(table))
    referenced = {_path(location) for location in (*of_tables, *execute(transaction.connection, view_files()))}
    before = datetime.now(UTC) - older_than
    removed = 0
    for root, files in _roots(tables).items():
        for found in files.get_file_info(fs.FileSelector(root, recursive=True, allow_not_found=True)):
            if (
                _is_table_file(found)
                and found.path not in referenced
                and (older_than == timedelta() or found.mtime < before)
            ):
                files.delete_file(found.path)
                removed += 1
    return removed


def _roots(tables: Iterable[Table]) -> dict[str, fs.FileSystem]:
    """The folders in which namespaces are: tables that were dropped have left files there."""
    roots: dict[str, fs.FileSystem] = {}
    for table in tables:
        below = "/" + "/".join(table.name())
        location = table.location().rstrip("/")
        scheme, place, path = PyArrowFileIO.parse_location(location.removesuffix(below))
        io = table.io
        assert isinstance(io, PyArrowFileIO)  # noqa: S101 (pyiceberg's choice for folders and S3 where pyarrow is there)
        roots[path] = io.fs_by_scheme(scheme, place)
    return roots


def _referenced(table: Table) -> Iterator[str]:
    """Every file that a table's metadata leads to, of all snapshots that it still has."""
    yield table.metadata_location
    yield from (each.metadata_file for each in table.metadata.metadata_log)
    yield from (each.statistics_path for each in table.metadata.statistics)
    manifests: dict[str, ManifestFile] = {}
    for snapshot in table.snapshots():
        yield snapshot.manifest_list
        manifests |= {each.manifest_path: each for each in snapshot.manifests(table.io)}
    for path, manifest in manifests.items():
        yield path
        yield from (
            entry.data_file.file_path for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True)
        )


def _path(location: str) -> str:
    return PyArrowFileIO.parse_location(location)[2]


def _is_table_file(found: fs.FileInfo) -> bool:
    return (
        found.type == fs.FileType.File
        and found.path.endswith(_SUFFIXES)
        and any(folder in _FOLDERS for folder in found.path.split("/")[:-1])
    )
