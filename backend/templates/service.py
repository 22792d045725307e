"""What is decided about templates: which there are, how one is changed, and the personal answer to a user now."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from psycopg.errors import UniqueViolation

from backend.access.origin import Origin
from backend.access.principal import Principal
from backend.audit.recording import entry
from backend.database import DatabasePool
from backend.errors import Conflict, Invalid, NotFound
from backend.predictions import service as predictions
from backend.predictions.schemas import ModelAnswer
from backend.recommendations import service as recommendations
from backend.resources import Resources
from backend.templates import store
from backend.templates.choosing import Said, chosen, fits, said_of, situation_of
from backend.templates.rendering import UnusableTemplate, demand_usable, render
from backend.templates.schemas import (
    Language,
    Situation,
    Template,
    TemplateContent,
    TemplatePreview,
    TemplatePreviewRequest,
)
from backend.templates.store import Facts, StoredTemplate
from backend.users.store import ids_of_person
from core.problems import FieldError
from warehouse.database import execute_async

_BUILT_IN = Path(__file__).with_name("built_in.yaml")
_REASONS = 3
_RECOMMENDED = 3
_LOOKED_THROUGH = 100


@dataclass(frozen=True)
class PersonalAnswer:
    """What a user is told, why, and by which template."""

    text: str
    reason: str
    template: str
    version: int
    situation: Situation


@dataclass(frozen=True)
class _Known:
    """What is known of one user now."""

    ids: list[str]
    facts: Facts
    said: Said

    @property
    def situation(self) -> Situation:
        return situation_of(self.facts, self.said)


@cache
def built_in() -> dict[str, Template]:
    """The templates that come with the program, by name."""
    read = yaml.safe_load(_BUILT_IN.read_text(encoding="utf-8"))
    return {
        name: Template(
            name=name, version=0, changed_by=None, changed_at=None, content=TemplateContent.model_validate(content)
        )
        for name, content in read.items()
    }


async def templates(database: DatabasePool) -> list[Template]:
    """Every template as it is now, by name."""
    changed = {each.name: _template(each) for each in await database.run(store.current_templates())}
    return [template for _, template in sorted((built_in() | changed).items())]


async def versions(database: DatabasePool, name: str) -> list[Template]:
    """All versions of a template, newest first. Raises NotFound."""
    found = [_template(each) for each in await database.run(store.versions_of(name))]
    first = built_in().get(name)
    if first is not None:
        found.append(first)
    if not found:
        raise NotFound(f"No template is called {name!r}.", [FieldError("name", "is not the name of a template")])
    return found


async def change(
    resources: Resources, principal: Principal, origin: Origin, name: str, content: TemplateContent
) -> Template:
    """Makes a new version, which counts from now on. Raises Invalid for a text that could not be sent, Conflict."""
    _demand_usable(content)
    before = next((each for each in await templates(resources.database) if each.name == name), None)
    shown = content.model_dump(mode="json")
    try:
        async with resources.database.transaction() as connection:
            await execute_async(connection, store.add_version(name, shown, principal.name))
            old = None if before is None else before.content.model_dump(mode="json")
            await execute_async(
                connection, entry(principal, origin, "template:change", f"template:{name}", before=old, after=shown)
            )
    except UniqueViolation:
        raise Conflict("Somebody has changed this template at the same moment; look at it again.") from None
    return (await versions(resources.database, name))[0]


async def preview(resources: Resources, wanted: TemplatePreviewRequest) -> list[TemplatePreview]:
    """What users would be told by a template. Without ids, users in its situation are looked for. Raises Invalid."""
    _demand_usable(wanted.content)
    database = resources.database
    user_ids = [*wanted.user_ids] or await database.run_if_built(store.some_users(_LOOKED_THROUGH)) or []
    shown: list[TemplatePreview] = []
    others = await templates(database)
    answers = await predictions.ask(resources.models, user_ids, "snapshot", _REASONS) if user_ids else []
    for user_id, answer in zip(user_ids, answers, strict=True):
        known = await _known(database, user_id, None, answer)
        if not wanted.user_ids and not fits(wanted.content, known.situation, known.said):
            continue
        draft = Template(name="", version=0, changed_by=None, changed_at=None, content=wanted.content)
        rivals = [each for each in others if each.content.situation is not wanted.content.situation or each.version]
        is_chosen = chosen([draft, *rivals], known.situation, known.said) is draft
        try:
            text, reason = await _rendered(resources, draft, wanted.language, "Anna", known)
        except UnusableTemplate as error:
            raise Invalid(
                f"For {user_id!r} the template {error}.", [FieldError(f"content.words.{wanted.language}", str(error))]
            ) from None
        shown.append(
            TemplatePreview(user_id=user_id, situation=known.situation, is_chosen=is_chosen, text=text, reason=reason)
        )
        if not wanted.user_ids and len(shown) == 10:
            break
    return shown


async def personal_answer(
    resources: Resources,
    user_id: str,
    event_id: str | None,
    answers: list[ModelAnswer],
    language: Language,
    first_name: str,
) -> PersonalAnswer:
    """What a user is told now. `event_id` is that of the event that is answered, which makes nobody a known visitor."""
    known = await _known(resources.database, user_id, event_id, answers)
    template = chosen(await templates(resources.database), known.situation, known.said)
    # Where a marketer has switched all off, or one does not render any more, there are still those of the program.
    for candidate in (template, built_in()[known.situation.value]):
        if candidate is None:
            continue
        try:
            text, reason = await _rendered(resources, candidate, language, first_name, known)
        except UnusableTemplate:
            continue
        return PersonalAnswer(text, reason, candidate.name, candidate.version, known.situation)
    raise AssertionError("a built-in template does not render")


async def _known(database: DatabasePool, user_id: str, event_id: str | None, answers: list[ModelAnswer]) -> _Known:
    ids = await database.run(ids_of_person(user_id))
    facts = await database.run(store.facts_of(ids, event_id))
    if facts.orders_total == 0:
        # Orders of archived months are not among the events.
        listed = await database.run_if_built(store.listed_facts(ids))
        facts = listed[0] if listed else facts
    return _Known(ids, facts, said_of(answers))


async def _rendered(
    resources: Resources, template: Template, language: Language, first_name: str, known: _Known
) -> tuple[str, str]:
    words = template.content.words[language]
    values: dict[str, Any] = {
        "first_name": first_name,
        "orders_total": known.facts.orders_total,
        "days_since_last_purchase": known.facts.days_since_last_purchase,
        "days_since_first_seen": known.facts.days_since_first_seen,
        "recommendations": [],
    }
    if "recommendations" in words.text:
        found = await recommendations.for_person(resources, known.ids, _RECOMMENDED)
        values["recommendations"] = [each.item_id for each in found.recommendations]
    return render(words.text, values), render(words.reason, values)


def _demand_usable(content: TemplateContent) -> None:
    for language, words in content.words.items():
        for name in ("text", "reason"):
            try:
                demand_usable(getattr(words, name))
            except UnusableTemplate as error:
                raise Invalid(
                    f"The template cannot be used: its {name} ({language}) {error}.",
                    [FieldError(f"words.{language}.{name}", str(error))],
                ) from None


def _template(stored: StoredTemplate) -> Template:
    return Template(
        name=stored.name,
        version=stored.version,
        changed_by=stored.changed_by,
        changed_at=stored.changed_at,
        content=TemplateContent.model_validate(stored.content),
    )
