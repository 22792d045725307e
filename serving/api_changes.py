"""The contract checked in: the OpenAPI files, and which changes to them a caller would notice.

Belongs here: writing the files, and comparing two descriptions. Does not belong here: what a description says
(`openapi.py`).

A change is breaking if a request that was accepted no longer is, or if an answer may now be what it could not be. Both
are one question about two JSON schemas, whether everything that one allows the other allows too: asked of requests from
old to new, and of answers from new to old. The keywords known are those that our schemas use.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterator, Mapping
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

from ml.kinds import BUILT_IN
from serving.openapi import describe

Json = dict[str, Any]

_LOWER_LIMITS = ("minimum", "minLength", "minItems")
_UPPER_LIMITS = ("maximum", "maxLength", "maxItems")
_EXACT = ("pattern", "format", "oneOf")


def breaking_changes(old: Json, new: Json) -> list[str]:
    """What callers of the service that `old` describes would notice of `new`, one line each."""
    old, new = _inlined(old, old), _inlined(new, new)
    changes: list[str] = []
    for path, operations in old["paths"].items():
        for method, operation in operations.items():
            name = f"{method.upper()} {path}"
            successor = new["paths"].get(path, {}).get(method)
            if successor is None:
                changes.append(f"{name} is gone")
                continue
            changes += _of_access(name, operation.get("security", old["security"]), successor, new)
            changes += _of_parameters(name, operation, successor)
            changes += _of_request(name, operation, successor)
            changes += _of_answers(name, operation["responses"], successor["responses"])
    return changes


def write(documents: Mapping[Path, Json]) -> list[str]:
    """Write descriptions to their files, unless one breaks its contract; returns what is broken, or nothing.

    A new major version of an API may break anything.
    """
    broken: list[str] = []
    for file, new in documents.items():
        if file.is_file():
            old = json.loads(file.read_text(encoding="utf-8"))
            if _major(new) <= _major(old):
                broken += [f"{file.name}: {change}" for change in breaking_changes(old, new)]
    if not broken:
        for file, new in documents.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(as_text(new), encoding="utf-8")
    return broken


def of_services(folder: Path) -> dict[Path, Json]:
    """The description of every service, by the file in a folder that it belongs into."""
    return {folder / f"{kind}.json": describe(kind) for kind in map(str, BUILT_IN)}


def as_text(document: Json) -> str:
    """A description as it is checked in."""
    return json.dumps(document, indent=1) + "\n"


def _major(document: Json) -> int:
    return int(document["info"]["version"].partition(".")[0])


def _inlined(node: Any, document: Json) -> Any:
    """`node` with every reference replaced by what it leads to."""
    if isinstance(node, dict):
        if isinstance(reference := node.get("$ref"), str):
            return _inlined(reduce(getitem, reference.removeprefix("#/").split("/"), document), document)
        return {name: _inlined(value, document) for name, value in node.items()}
    return [_inlined(value, document) for value in node] if isinstance(node, list) else node


def _of_access(name: str, ways: list[Json], successor: Json, new: Json) -> Iterator[str]:
    known = successor.get("security", new["security"])
    if known and {} not in known:
        for way in ways or [{}]:
            if way not in known:
                yield f"{name} no longer lets in by {' and '.join(way) or 'no key'}"


def _of_parameters(name: str, old: Json, new: Json) -> Iterator[str]:
    known = {each["name"]: each for each in old.get("parameters", [])}
    for parameter in new.get("parameters", []):
        where = f"{name}, {parameter['name']}"
        before = known.get(parameter["name"], {"schema": {}})
        if parameter.get("required") and not before.get("required"):
            yield f"{where} is required"
        if parameter["name"] in known:
            yield from _refused(where, before["schema"], parameter["schema"])


def _of_request(name: str, old: Json, new: Json) -> Iterator[str]:
    taken = new.get("requestBody", {"content": {}})["content"]
    for media_type, body in old.get("requestBody", {"content": {}})["content"].items():
        if media_type in taken:
            yield from _refused(f"{name}, request", body["schema"], taken[media_type]["schema"])
        else:
            yield f"{name} no longer takes {media_type}"


def _of_answers(name: str, old: Json, new: Json) -> Iterator[str]:
    """Statuses of problems may come and go; what is in an answer may not."""
    for status, answer in old.items():
        if status not in new:
            if status.startswith("2"):
                yield f"{name} no longer answers {status}"
            continue
        given = new[status].get("content", {})
        for media_type, body in answer.get("content", {}).items():
            if media_type in given:
                yield from _refused(f"{name}, answer {status}", given[media_type]["schema"], body["schema"])
            else:
                yield f"{name} no longer answers {status} with {media_type}"


def _refused(where: str, given: Json, taken: Json) -> Iterator[str]:
    """What the schema `given` allows and the schema `taken` does not."""
    if not taken:
        return
    if "anyOf" in given or "anyOf" in taken:
        for one in given.get("anyOf", [given]):
            if all(any(_refused(where, one, way)) for way in taken.get("anyOf", [taken])):
                yield f"{where}: {one.get('type', 'anything')} meets a schema without it"
        return
    if "type" in taken and given.get("type") not in (taken["type"], "integer" if taken["type"] == "number" else None):
        yield f"{where}: {given.get('type', 'anything')} meets {taken['type']}"
        return
    values = _values(taken)
    if values and (not _values(given) or _values(given) - values):
        yield f"{where}: {sorted(_values(given)) or 'any value'} meets {sorted(values)}"
    for limit in (*_LOWER_LIMITS, *_UPPER_LIMITS):
        sign = 1 if limit in _LOWER_LIMITS else -1
        if limit in taken and sign * given.get(limit, -sign * math.inf) < sign * taken[limit]:
            yield f"{where}: {limit} {given.get(limit, 'none')} meets {taken[limit]}"
    for rule in _EXACT:
        if rule in taken and given.get(rule) != taken[rule]:
            yield f"{where}: {rule} {given.get(rule, 'none')} meets {taken[rule]}"
    yield from _refused(f"{where}[]", given.get("items", {}), taken["items"]) if "items" in taken else ()
    yield from _refused_members(where, given, taken)


def _refused_members(where: str, given: Json, taken: Json) -> Iterator[str]:
    for name in taken.get("required", []):
        if name not in given.get("required", []):
            yield f"{where}.{name}: may be absent, meets required"
    for name in {**given.get("properties", {}), **taken.get("properties", {})}:
        one, other = _member(given, name), _member(taken, name)
        if one is not None and other is None:
            yield f"{where}.{name}: meets a schema without it"
        elif one is not None and other is not None:
            yield from _refused(f"{where}.{name}", one, other)
    one, other = _member(given, None), _member(taken, None)
    if one is not None and other is None:
        yield f"{where}: other fields meet a schema without any"
    elif one is not None and other is not None:
        yield from _refused(f"{where}.*", one, other)


def _member(schema: Json, name: str | None) -> Json | None:
    """The schema of a member of an object, of any other for None; None if there must be none."""
    found = schema.get("properties", {}).get(name, schema.get("additionalProperties", True))
    return {} if found is True else None if found is False else found


def _values(schema: Json) -> set[str]:
    return {schema["const"]} if "const" in schema else set(schema.get("enum", ()))


def _main() -> None:
    parser = argparse.ArgumentParser(
        description="Write the OpenAPI files of the services, unless callers would notice."
    )
    parser.add_argument("folder", type=Path)
    if broken := write(of_services(parser.parse_args().folder)):
        sys.exit("\n".join([*broken, "Keep what was promised, or raise the major version in serving/openapi.py."]))


if __name__ == "__main__":
    _main()
