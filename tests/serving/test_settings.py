"""What a service reads from its environment."""

import pytest
from pydantic import ValidationError

from serving.settings import ServingSettings


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAREHOUSE_URL", raising=False)


def test_only_the_warehouse_has_no_default(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="WAREHOUSE_URL"):
        ServingSettings()

    monkeypatch.setenv("WAREHOUSE_URL", "postgresql://me@127.0.0.1/warehouse")
    settings = ServingSettings()
    assert settings.warehouse_url.get_secret_value() == "postgresql://me@127.0.0.1/warehouse"
    assert settings.model_directory.name == "model"


def test_an_empty_address_is_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_URL", "")

    with pytest.raises(ValidationError, match="WAREHOUSE_URL"):
        ServingSettings()


def test_every_knob_can_be_turned_and_the_address_stays_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_URL", "postgresql://me:hidden@127.0.0.1/warehouse")
    monkeypatch.setenv("SERVING_POOL_SIZE", "9")

    settings = ServingSettings()

    assert settings.pool_size == 9
    assert "hidden" not in repr(settings)
