"""The notebooks run as they are against a platform on which the pipeline ran, and show pictures."""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[3] / "notebooks"


@pytest.mark.usefixtures("ran_platform")
@pytest.mark.parametrize(
    "name", ["backtest", "explore_feature_marts", "explain_churn", "recommendations", "campaign_effect"]
)
def test_a_notebook_runs_and_shows_a_picture(name: str) -> None:
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(FOLDER)}}).execute()
    outputs: list[Any] = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "error"]
    assert [output for output in outputs if "image/png" in output.get("data", {})]
