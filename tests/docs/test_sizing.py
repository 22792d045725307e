"""The table of sizes on the page is what the program prints."""

import subprocess
import sys
from pathlib import Path

from benchmarks.sizing import Assumed, Measured, price, size

ROOT = Path(__file__).parents[2]


def test_the_page_has_the_table_that_the_program_prints() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.sizing"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    page = (ROOT / "docs" / "scale.md").read_text()
    assert page.partition("<!-- sizing -->")[2].partition("<!-- end -->")[0].strip() == done.stdout.strip()


def test_ten_times_the_users_take_ten_times_the_machine() -> None:
    small, large = (size(users, Measured(), Assumed()) for users in (1e6, 1e7))
    for name in vars(small):
        assert abs(getattr(large, name) / getattr(small, name) - 10) < 1e-9


def test_a_price_is_of_two_of_everything() -> None:
    one = size(1e6, Measured(), Assumed())
    assert price(one, 0, 0, 0) == 0
    assert abs(price(one, 0, 0, 50) - 100 * one.disk_tb) < 1e-9
