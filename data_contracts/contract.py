"""A contract as Python objects: frozen, and checked when it is read.

Belongs here: the subset of the Open Data Contract Standard v3 that we use, and the list of rules in it. Does not belong
here: applying a rule to data, which `rules` does for frames and `expectations` for tables.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from data_contracts.errors import ContractError

EVENTS = Path(__file__).with_name("events.odcs.yaml")


class LogicalType(StrEnum):
    """The logical types of the standard that our contracts use."""

    STRING = "string"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    OBJECT = "object"


class Check(StrEnum):
    """The kinds of rule a contract can hold."""

    REQUIRED = "required"
    TYPE = "type"
    MIN_LENGTH = "min_length"
    MAX_LENGTH = "max_length"
    PATTERN = "pattern"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    VALID_VALUES = "valid_values"
    MISSING_VALUES = "missing_values"
    PREDICATE = "predicate"


# The message for a value of the wrong type. It follows the column's name.
_TYPE_SENTENCES = {
    LogicalType.STRING: "is not text",
    LogicalType.NUMBER: "is not a finite number",
    LogicalType.INTEGER: "is not a whole number",
    LogicalType.BOOLEAN: "is not true or false",
    LogicalType.DATE: "is not a time",
    LogicalType.OBJECT: "is not a JSON object, or holds a NUL character",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule that every row must satisfy.

    `name` is unique within its column. `sentence` is the message for a row that breaks the rule; it follows the
    column's name. The kind of `limit` depends on `check`: a type, a number, a time, a pattern, values, a predicate, or
    nothing.
    """

    column: str
    name: str
    check: Check
    limit: Any
    sentence: str


@dataclass(frozen=True, slots=True)
class Property:
    """One column of a contract."""

    name: str
    logical_type: LogicalType
    physical_type: str
    description: str
    required: bool = False
    format: str | None = None
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class EventType:
    """A known type of event: the category it is counted in, and whether it is an action of the user."""

    name: str
    category: str
    is_activity: bool
    description: str


@dataclass(frozen=True, slots=True)
class Contract:
    """A table, and the rules that every row of it must satisfy."""

    name: str
    version: str
    table: str
    properties: tuple[Property, ...]
    row_rules: tuple[Rule, ...] = ()
    event_types: tuple[EventType, ...] = ()

    def __hash__(self) -> int:
        # What is made of a contract is kept under it, and found for each event: hashing every rule would cost more than
        # judging an event by all of them.
        return hash((self.name, self.version, self.table))

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names, in the contract's order."""
        return tuple(each.name for each in self.properties)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule: those of single columns first, then those of several columns."""
        return tuple(rule for each in self.properties for rule in each.rules) + self.row_rules

    def property(self, name: str) -> Property:
        """The column called `name`."""
        for each in self.properties:
            if each.name == name:
                return each
        raise ContractError(f"Contract {self.name} has no column {name}; it has {', '.join(self.columns)}")

    def optional(self, *names: str) -> "Contract":
        """The same contract, but the columns `names` may be missing, because other code will fill them in."""
        properties = tuple(
            replace(each, required=False, rules=tuple(r for r in each.rules if r.check is not Check.REQUIRED))
            if each.name in names
            else each
            for each in self.properties
        )
        return replace(self, properties=properties)


def read_contract(path: Path = EVENTS) -> Contract:
    """Reads and checks one contract file. Raises ContractError that names the file and the place in it."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ContractError(f"Contract {path} cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ContractError(f"Contract {path} is not YAML: {' '.join(str(error).split())}") from error
    try:
        return _contract(document)
    except ContractError as error:
        raise ContractError(f"Contract {path.name}: {error}") from error


def _contract(document: object) -> Contract:
    root = _mapping(document, "the document")
    if root.get("kind") != "DataContract" or not str(root.get("apiVersion", "")).startswith("v3."):
        raise ContractError("it must say kind: DataContract and apiVersion: v3.x")
    tables = _sequence(root.get("schema"), "schema")
    if len(tables) != 1:
        raise ContractError(f"schema must hold exactly one table, not {len(tables)}")
    table = _mapping(tables[0], "schema[0]")
    properties = tuple(_property(each) for each in _sequence(table.get("properties"), "schema[0].properties"))
    names = [each.name for each in properties]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ContractError(f"column {', '.join(repeated)} is defined twice")
    return Contract(
        name=_text(root, "name", "the document"),
        version=_text(root, "version", "the document"),
        table=_text(table, "physicalName", "schema[0]"),
        properties=properties,
        row_rules=tuple(_row_rule(each, names) for each in _sequence(table.get("quality", []), "quality")),
        event_types=tuple(_event_types(root)),
    )


def _property(node: object) -> Property:
    raw = _mapping(node, "a column")
    name = _text(raw, "name", "a column")
    try:
        logical_type = LogicalType(_text(raw, "logicalType", name))
    except ValueError as error:
        raise ContractError(f"{name}: logicalType {raw['logicalType']} is not one we know") from error
    options = _mapping(raw.get("logicalTypeOptions", {}), f"{name}.logicalTypeOptions")
    required = bool(raw.get("required", False))
    rules = [Rule(name, "type", Check.TYPE, logical_type, _type_sentence(logical_type, options))]
    if required:
        rules.insert(0, Rule(name, "required", Check.REQUIRED, None, "is missing"))
    rules += _option_rules(name, logical_type, options)
    rules += [_column_rule(name, each) for each in _sequence(raw.get("quality", []), f"{name}.quality")]
    return Property(
        name=name,
        logical_type=logical_type,
        physical_type=_text(raw, "physicalType", name),
        description=_text(raw, "description", name),
        required=required,
        format=options.get("format"),
        rules=tuple(rules),
    )


def _type_sentence(logical_type: LogicalType, options: Mapping[str, Any]) -> str:
    return "is not a UUID" if options.get("format") == "uuid" else _TYPE_SENTENCES[logical_type]


def _option_rules(name: str, logical_type: LogicalType, options: Mapping[str, Any]) -> Iterator[Rule]:
    for option, value in options.items():
        match option:
            case "format":
                if value != "uuid":
                    raise ContractError(f"{name}: format {value} is not one we know")
            case "minLength":
                yield Rule(name, "minLength", Check.MIN_LENGTH, int(value), f"is shorter than {value}")
            case "maxLength":
                yield Rule(name, "maxLength", Check.MAX_LENGTH, int(value), f"is longer than {value} characters")
            case "pattern":
                _compiled(name, str(value))
                yield Rule(name, "pattern", Check.PATTERN, str(value), f"does not match {value}")
            case "minimum":
                limit = _limit(name, logical_type, value)
                yield Rule(name, "minimum", Check.MINIMUM, limit, f"is below {value}")
            case "maximum":
                limit = _limit(name, logical_type, value)
                yield Rule(name, "maximum", Check.MAXIMUM, limit, f"is above {value}")
            case _:
                raise ContractError(f"{name}: logicalTypeOptions.{option} is not one we know")


def _compiled(name: str, pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ContractError(f"{name}: pattern {pattern} is not a regular expression: {error}") from error


def _limit(name: str, logical_type: LogicalType, value: object) -> float | datetime:
    try:
        if logical_type is LogicalType.DATE:
            when = datetime.fromisoformat(str(value))
            return when if when.tzinfo else when.replace(tzinfo=UTC)
        return float(str(value))
    except ValueError as error:
        raise ContractError(f"{name}: the limit {value} is not a {logical_type}") from error


def _column_rule(name: str, node: object) -> Rule:
    raw = _mapping(node, f"{name}.quality")
    checks = {"validValues": Check.VALID_VALUES, "missingValues": Check.MISSING_VALUES}
    kind = raw.get("rule")
    if raw.get("type") != "library" or kind not in checks:
        raise ContractError(
            f"{name}: a column's quality rule must be type: library, rule: validValues or missingValues"
        )
    values = tuple(str(value) for value in _sequence(raw.get(kind), f"{name}.{kind}"))
    return Rule(name, kind, checks[kind], values, _text(raw, "description", name))


def _row_rule(node: object, columns: Sequence[str]) -> Rule:
    raw = _mapping(node, "quality")
    name = _text(raw, "name", "quality")
    if raw.get("type") != "custom" or raw.get("engine") != "predicate":
        raise ContractError(f"{name}: a row rule must be type: custom, engine: predicate")
    column = _text(raw, "property", name)
    if column not in columns:
        raise ContractError(f"{name}: there is no column {column}")
    predicate = _text(raw, "implementation", name)
    return Rule(column, name, Check.PREDICATE, predicate, _text(raw, "description", name))


def _event_types(root: Mapping[str, Any]) -> Iterator[EventType]:
    for node in _sequence(root.get("customProperties", []), "customProperties"):
        entry = _mapping(node, "customProperties")
        if entry.get("property") != "knownEventTypes":
            continue
        for each in _sequence(entry.get("value"), "knownEventTypes"):
            raw = _mapping(each, "knownEventTypes")
            name = _text(raw, "name", "knownEventTypes")
            if not isinstance(raw.get("isActivity"), bool):
                raise ContractError(f"knownEventTypes: {name} must say isActivity: true or false")
            yield EventType(name, _text(raw, "category", name), raw["isActivity"], _text(raw, "description", name))


def _mapping(node: object, where: str) -> Mapping[str, Any]:
    if not isinstance(node, Mapping):
        raise ContractError(f"{where} must be a mapping")
    return node


def _sequence(node: object, where: str) -> Sequence[Any]:
    if not isinstance(node, Sequence) or isinstance(node, str):
        raise ContractError(f"{where} must be a list")
    return node


def _text(node: Mapping[str, Any], key: str, where: str) -> str:
    value = node.get(key)
    if not isinstance(value, str) or not value:
        raise ContractError(f"{where} must have a text {key}")
    return value
