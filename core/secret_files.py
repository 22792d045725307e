"""Secrets from files: where `NAME` is a secret setting, `NAME_FILE` may name the file that holds it.

Belongs here: reading such files, for every kind of settings. Does not belong here: which settings there are.

Container platforms hand secrets over as files. A file, unlike a variable, is in no listing of processes and is not
inherited by a child.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

from core.errors import UserError


class SecretFiles(EnvSettingsSource):
    """The secrets of the files that variables ending in `_FILE` name."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        given = super()._load_env_vars()
        found: dict[str, str | None] = {}
        for field_name, field in self.settings_cls.model_fields.items():
            if not _is_secret(field):
                continue
            for _, name, _ in self._extract_field_info(field, field_name):
                file = given.get(f"{name}_file")
                if not file:
                    continue
                if given.get(name):
                    raise UserError(f"Set {name.upper()} or {name.upper()}_FILE, not both.")
                found[name] = _content(name, Path(file))
        return found


class FileSettings(BaseSettings):
    """Settings whose secrets may be in files. Other settings derive from it, and from `BaseSettings` by name."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Those of pydantic, and the files."""
        return init_settings, env_settings, SecretFiles(settings_cls), dotenv_settings, file_secret_settings


def _is_secret(field: FieldInfo) -> bool:
    kind: Any = field.annotation
    return kind is SecretStr or SecretStr in get_args(kind)


def _content(name: str, file: Path) -> str:
    try:
        content = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{name.upper()}_FILE names {file}, which cannot be read: {error}.") from error
    if not content:
        raise UserError(f"{name.upper()}_FILE names {file}, which is empty.")
    return content
