"""Settings from the environment, and the messages for wrong ones."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from core import settings as module
from core.errors import UserError
from core.settings import Settings, checkout, read_settings
from ml.kinds import BUILT_IN

SECRET = "s3cret-word"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HOME", "POSTGRES_PORT", "DAGSTER_PORT", "MLFLOW_PORT", "HORIZON_DAYS", "CHURN_PORT", "CURRENCY"):
        monkeypatch.delenv(f"CUSTOMER_ANALYZER_{name}", raising=False)
    for name in ("DATABASE_URL", "MLFLOW_ARTIFACT_ROOT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(module, "checkout", lambda: tmp_path)


def test_everything_has_a_default(tmp_path: Path) -> None:
    settings = read_settings()
    assert settings.home == tmp_path / ".customer-analyzer"
    assert settings.database_url is None
    assert settings.horizon_days == 30
    assert set(settings.ports.values()) == {None}


def test_variables_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CUSTOMER_ANALYZER_HOME", str(tmp_path))
    monkeypatch.setenv("CUSTOMER_ANALYZER_CHURN_PORT", "3003")
    settings = read_settings()
    assert settings.home == tmp_path
    assert settings.ports["churn"] == 3003


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("CUSTOMER_ANALYZER_MLFLOW_PORT", "")
    assert read_settings().database_url is None


def test_the_file_is_read_and_the_shell_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CUSTOMER_ANALYZER_HORIZON_DAYS=14\nCUSTOMER_ANALYZER_DAGSTER_PORT=3000\n")
    monkeypatch.setenv("CUSTOMER_ANALYZER_HORIZON_DAYS", "7")
    settings = read_settings()
    assert (settings.horizon_days, settings.dagster_port) == (7, 3000)


def test_the_checkout_is_found() -> None:
    assert checkout() == Path(__file__).parents[2]


def test_without_a_checkout_the_current_folder_takes_its_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (here / ".env").write_text("CUSTOMER_ANALYZER_HORIZON_DAYS=14\n")
    monkeypatch.setattr(module, "checkout", lambda: None)
    monkeypatch.chdir(here)
    settings = read_settings()
    assert (settings.home, settings.horizon_days) == (here / ".customer-analyzer", 14)


def test_another_process_can_be_told_everything_but_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "CUSTOMER_ANALYZER_TRAINING_ROWS=5000\nCUSTOMER_ANALYZER_CHURN_PORT=3003\n"
        f"DATABASE_URL=postgresql://me:{SECRET}@host/db\nCUSTOMER_ANALYZER_SERVICE_KEY={SECRET}\n"
    )
    settings = read_settings()
    assert SECRET not in str(settings.variables)

    (tmp_path / ".env").unlink()
    for name, value in settings.variables.items():
        monkeypatch.setenv(name, value)
    assert read_settings() == settings.model_copy(update={"database_url": None, "service_key": None})


def test_a_relative_home_becomes_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings(home=Path("here")).home == tmp_path / "here"


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        Settings(home=tmp_path).horizon_days = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("CUSTOMER_ANALYZER_HORIZON_DAYS", "0", "CUSTOMER_ANALYZER_HORIZON_DAYS: "),
        ("CUSTOMER_ANALYZER_TRAINING_ROWS", "10", "CUSTOMER_ANALYZER_TRAINING_ROWS: "),
        ("CUSTOMER_ANALYZER_CHURN_PORT", "99999", "CUSTOMER_ANALYZER_CHURN_PORT: "),
        ("CUSTOMER_ANALYZER_CHURN_PORT", "many", "CUSTOMER_ANALYZER_CHURN_PORT: "),
        ("CUSTOMER_ANALYZER_CURRENCY", "eur", "CUSTOMER_ANALYZER_CURRENCY: must be an ISO 4217 code like EUR"),
        ("MLFLOW_ARTIFACT_ROOT", "ftp://host/models", "MLFLOW_ARTIFACT_ROOT: an address must begin with home:/"),
        ("DATABASE_URL", f"mysql://me:{SECRET}@host/db", "DATABASE_URL: must be an address like"),
    ],
)
def test_a_wrong_value_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(UserError, match=said) as caught:
        read_settings()
    assert SECRET not in str(caught.value)


def test_two_servers_cannot_share_a_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUSTOMER_ANALYZER_DAGSTER_PORT", "3000")
    monkeypatch.setenv("CUSTOMER_ANALYZER_MLFLOW_PORT", "3000")
    with pytest.raises(UserError, match="dagster and mlflow cannot both use port 3000"):
        read_settings()


def test_the_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://me:{SECRET}@host/db")
    assert SECRET not in repr(read_settings())


def test_any_model_has_a_port_from_the_file_or_the_shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CUSTOMER_ANALYZER_CHURN_PORT=3003\nCUSTOMER_ANALYZER_RETURNING_PORT=3004\n")
    monkeypatch.setenv("CUSTOMER_ANALYZER_RETURNING_PORT", "3005")
    monkeypatch.setenv("CUSTOMER_ANALYZER_MLFLOW_PORT", "5000")
    settings = read_settings()
    assert settings.service_ports == {"churn": 3003, "returning": 3005}
    assert settings.ports == {
        "postgres": None,
        "replica": None,
        "pgbouncer": None,
        "api": None,
        "telegram": None,
        "dagster": None,
        "mlflow": 5000,
        "gateway": None,
        "gateway_operations": None,
        "churn": 3003,
        "returning": 3005,
    }
    assert settings.variables["CUSTOMER_ANALYZER_RETURNING_PORT"] == "3005"
    assert Settings(service_ports={"churn": 3006}).ports["churn"] == 3006


def test_the_example_names_every_setting() -> None:
    text = (Path(__file__).parents[2] / ".env.example").read_text()
    assert all(f"#CUSTOMER_ANALYZER_{kind.name.upper()}_PORT=" in text for kind in BUILT_IN)
    for name, field in Settings.model_fields.items():
        if name == "service_ports":
            continue
        assert f"#{field.validation_alias or f'CUSTOMER_ANALYZER_{name.upper()}'}=" in text
