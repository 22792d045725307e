"""Whether the audit log is whole: each row's hash covers the row and the hash of the row before.

A row that was changed, added, moved or deleted breaks the chain. Who could rewrite every later row, and the ends too,
would leave a whole chain behind: note the last number and hash now and then where the database's owner cannot write.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from backend.audit.store import Ends, Link, ends, links
from warehouse.database import Connection, execute

_PAGE = 5000


@dataclass(frozen=True)
class Verdict:
    """How many rows were looked at, the last of them, and the first fault if there is one."""

    rows: int
    last_sequence: int
    last_sha256: bytes
    fault: str | None


def first_fault(kept: Iterable[Link], between: Ends) -> Verdict:
    """Follows the chain from its beginning to its end."""
    sequence, previous, count = between.first_sequence - 1, between.first_previous_sha256, 0
    for link in kept:
        if link.sequence != sequence + 1:
            missing = f"Row {sequence + 1} is missing" if link.sequence > sequence else f"Row {link.sequence} is double"
            return Verdict(count, sequence, previous, f"{missing}.")
        if link.previous_sha256 != previous:
            return Verdict(count, sequence, previous, f"Row {link.sequence} does not follow row {sequence}.")
        if hashlib.sha256(link.text.encode()).digest() != link.sha256:
            return Verdict(count, sequence, previous, f"Row {link.sequence} was changed.")
        sequence, previous, count = link.sequence, link.sha256, count + 1
    fault = None
    if sequence < between.last_sequence:
        fault = f"Row {sequence + 1} and all after it, up to {between.last_sequence}, are missing."
    elif (sequence, previous) != (between.last_sequence, between.last_sha256):
        fault = f"Row {sequence} is not the one that was recorded last."
    return Verdict(count, sequence, previous, fault)


def verify(connection: Connection) -> Verdict:
    """The verdict about the log, seen at one moment: the connection must not have begun a transaction yet."""
    connection.execute("set transaction isolation level repeatable read, read only")
    return verify_within(connection)


def verify_within(connection: Connection) -> Verdict:
    """The same, as the transaction of the connection sees it."""
    between = execute(connection, ends())
    if between is None:
        return Verdict(0, 0, b"", "The record of the log's ends is missing.")
    return first_fault(_links(connection, between.first_sequence - 1), between)


def _links(connection: Connection, after: int) -> Iterable[Link]:
    while page := execute(connection, links(after, _PAGE)):
        yield from page
        after = page[-1].sequence
