"""The chain of the audit log, whatever happens to its rows."""

import hashlib
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from backend.audit.chain import first_fault
from backend.audit.store import Ends, Link

START = hashlib.sha256(b"").digest()


def chain(rows: int) -> tuple[list[Link], Ends]:
    """A whole chain."""
    links: list[Link] = []
    previous = START
    for sequence in range(1, rows + 1):
        text = f"[{sequence}, {previous.hex()}]"
        own = hashlib.sha256(text.encode()).digest()
        links.append(Link(sequence, text, previous, own))
        previous = own
    return links, Ends(1, START, rows, previous)


@given(st.integers(0, 6))
def test_a_whole_chain_has_no_fault(rows: int) -> None:
    links, ends = chain(rows)
    assert first_fault(links, ends).fault is None
    assert first_fault(links, ends).rows == rows


@given(st.data(), st.integers(1, 6))
def test_any_one_change_is_a_fault(data: st.DataObject, rows: int) -> None:
    links, ends = chain(rows)
    place = data.draw(st.integers(0, rows - 1))
    kind = data.draw(st.sampled_from(["delete", "double", "text", "own", "previous", "sequence"]))
    changed = {
        "delete": [],
        "double": [links[place], links[place]],
        "text": [replace(links[place], text="[]")],
        "own": [replace(links[place], sha256=START)],
        "previous": [replace(links[place], previous_sha256=b"x")],
        "sequence": [replace(links[place], sequence=links[place].sequence + 1)],
    }[kind]
    assert first_fault([*links[:place], *changed, *links[place + 1 :]], ends).fault is not None
