"""What a template consists of, and what the routes of templates take and answer."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from backend.fields import NO_NUL, Strict
from serving.schemas import UserId

MOST_TEXT = 2000
MOST_PREVIEWED = 20

Language = Literal["en", "ru"]
TemplateName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="what a template is called")]
Probability = Annotated[float, Field(ge=0, le=1)]


class Situation(StrEnum):
    """How it is between a user and the shop, by what the user did and what the models say."""

    FIRST_VISIT = "first_visit"
    """The user has never been here."""
    NEWCOMER = "newcomer"
    """Has been here, and has ordered nothing yet."""
    SLIPPING = "slipping"
    """Has ordered, and is likely to stay away."""
    INTERESTED = "interested"
    """Has ordered, and is likely to order soon."""
    REGULAR = "regular"
    """Has ordered at least twice."""
    CUSTOMER = "customer"
    """Has ordered once."""


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain the character NUL")
    return text


class Words(Strict):
    """A template in one language. Both texts may use variables, as in `{{ first_name }}`, and Telegram's HTML."""

    text: Annotated[str, Field(min_length=1, max_length=MOST_TEXT, pattern=NO_NUL, description="what is said")]
    reason: Annotated[
        str,
        Field(min_length=1, max_length=500, pattern=NO_NUL, description="why the user sees this; shown to the user"),
    ]


class TemplateContent(Strict):
    """For whom a template is, and its words. Of those that fit a user, the one with the highest priority is used."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "situation": "regular",
                    "words": {
                        "en": {"text": "Thank you, {{ first_name }}!", "reason": "You have ordered before."},
                        "ru": {"text": "Спасибо, {{ first_name }}!", "reason": "Вы уже делали заказ."},
                    },
                }
            ]
        }
    )

    situation: Situation
    segments: Annotated[
        tuple[Annotated[str, Field(max_length=200), AfterValidator(_storable)], ...],
        Field(max_length=50, description="the segments it is for; none: all"),
    ] = ()
    reason_features: Annotated[
        tuple[Annotated[str, Field(max_length=100), AfterValidator(_storable)], ...],
        Field(max_length=50, description="only where one of these features is among the models' reasons; none: always"),
    ] = ()
    min_purchase_probability: Probability = 0.0
    max_purchase_probability: Probability = 1.0
    priority: Annotated[int, Field(ge=-1000, le=1000)] = 0
    is_active: Annotated[bool, Field(description="false: it is not used")] = True
    words: Annotated[dict[Language, Words], Field(min_length=2, description="in every language of the bot")]


class Template(BaseModel):
    """A template as it is now."""

    name: str
    version: Annotated[int, Field(description="0: built in, and never changed")]
    changed_by: str | None
    changed_at: datetime | None
    content: TemplateContent


class Templates(BaseModel):
    """All templates, and the variables that their texts may use."""

    templates: list[Template]
    variables: Annotated[dict[str, str], Field(description="name and meaning")]


class TemplateVersions(BaseModel):
    """All versions of one template, newest first."""

    versions: list[Template]


class TemplatePreviewRequest(Strict):
    """A template that need not be stored, and users to try it with."""

    content: TemplateContent
    language: Language = "en"
    user_ids: Annotated[
        tuple[UserId, ...],
        Field(max_length=MOST_PREVIEWED, description="none: some users of the situation are looked for"),
    ] = ()


class TemplatePreview(BaseModel):
    """What one user would be told."""

    user_id: str
    situation: Situation
    is_chosen: Annotated[bool, Field(description="whether the user would get this template rather than another")]
    text: str
    reason: str


class TemplatePreviews(BaseModel):
    """The users in the order asked."""

    previews: list[TemplatePreview]
