"""Times as senders write them: understood, or refused; never taken for another moment."""

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.conventions import orders_of
from data_contracts.times import DateOrder, TimeUnit, repeated, times, unit_of


@pytest.mark.parametrize(
    "text",
    [
        "2025-03-04",
        "2025-03-04 00:00",
        "2025-03-04T00:00",
        "2025-03-04 00:00:00",
        "2025-03-04T00:00:00",
        "2025-03-04 00:00:00.000",
        "2025-03-04T00:00:00Z",
        "2025-03-04T00:00:00.000000Z",
        "2025-03-04T02:00:00+02:00",
        "2025-03-04 02:00:00+0200",
        "2025-03-04 00:00:00 UTC",
        " 2025-03-04 ",
        "1741046400",
        "1741046400000",
        "1741046400000000",
    ],
)
def test_one_moment_in_many_notations(text: str) -> None:
    # Beside another notation, so that every row is read on its own.
    moments = times(pl.Series([text, "2025-01-01T00:00:00.5"])).to_list()
    assert moments == [datetime(2025, 3, 4, tzinfo=UTC), datetime(2025, 1, 1, 0, 0, 0, 500_000, UTC)]


@pytest.mark.parametrize("text", ["04/03/2025", "2025-02-30", "yesterday", "2025-03-04T25:00:00", "nan"])
def test_what_is_no_time_is_null(text: str) -> None:
    assert times(pl.Series([text])).to_list() == [None]


def test_times_that_are_typed_already() -> None:
    moment = datetime(2025, 3, 4, tzinfo=UTC)
    assert times(pl.Series([date(2025, 3, 4)])).to_list() == [moment]
    assert times(pl.Series([datetime(2025, 3, 4)])).to_list() == [moment]
    nanoseconds = pl.Series([moment]).cast(pl.Datetime("ns", "Europe/Berlin"))
    assert times(nanoseconds).dtype == pl.Datetime("us", "UTC")
    assert times(nanoseconds).to_list() == [moment]
    assert times(pl.Series([1_741_046_400])).to_list() == [moment]


@given(st.lists(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1)), min_size=1))
def test_iso_times_come_back_exactly(moments: list[datetime]) -> None:
    texts = pl.Series([moment.isoformat() + "Z" for moment in moments])
    assert times(texts).to_list() == [moment.replace(tzinfo=UTC) for moment in moments]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-07-09 23:30:00 UTC", "2025-07-09 23:30"),
        ("2025-07-09 23:30:00 GMT", "2025-07-09 23:30"),
        ("2025-07-09 23:30Z", "2025-07-09 23:30"),
        ("2025-07-09 23:30:00 MSK", "2025-07-09 20:30"),
        ("2025-07-09 23:30 EDT", "2025-07-10 03:30"),
        ("2025-07-09 23:30:00 Asia/Tokyo", "2025-07-09 14:30"),
        ("2025-07-09 23:30:00 UTC-2", "2025-07-10 01:30"),
        ("2025-07-09 23:30:00 GMT+5:45", "2025-07-09 17:45"),
        ("2025-07-09 11:30:00 PM", "2025-07-09 23:30"),
        ("2025-07-09 12:30 a.m.", "2025-07-09 00:30"),
        ("9.7.2025 23:30", "2025-07-09 23:30"),
        ("2025/07/09 23:30", "2025-07-09 23:30"),
        ("Wed, 09 Jul 2025 23:30:00 +0200", "2025-07-09 21:30"),
        ("Wed Jul 09 2025 23:30:00 GMT+0300 (Moscow Standard Time)", "2025-07-09 20:30"),
        ("July 9th, 2025 11:30 pm", "2025-07-09 23:30"),
        ("1752103800.0", "2025-07-09 23:30"),
    ],
)
def test_zones_meridiems_and_other_dates_are_understood(text: str, moment: str) -> None:
    assert times(pl.Series([text])).to_list() == [datetime.fromisoformat(moment).replace(tzinfo=UTC)]


@pytest.mark.parametrize(
    "text",
    [
        "2025-07-09 23:30:00 IST",
        "2025-07-09 23:30:00 BRT",
        "2025-07-09 23:30:00 Europe/Atlantis",
        "2025-07-09 23:30:00 GMT+19",
        "2025-07-09 13:30:00 PM",
        "2025-07-09 0:30 AM",
        "2025-07-09 PM",
        "2025-07-09 23:61",
        "09.07.25",
        "31.02.2025",
    ],
)
def test_what_is_not_understood_is_null(text: str) -> None:
    assert times(pl.Series([text])).to_list() == [None]


def test_naive_times_are_of_the_zone_given_and_others_keep_theirs() -> None:
    text = pl.Series(["2025-07-09 12:00:00", "2025-07-09", "2025-07-09T12:00:00Z", "9.7.2025 12:00"])
    hours = [each.hour for each in times(text, zone="Europe/Berlin")]
    assert hours == [10, 22, 12, 10]
    assert times(pl.Series([datetime(2025, 7, 9, 12)]), zone="Europe/Berlin")[0].hour == 10


def test_clocks_that_change() -> None:
    text = pl.Series(["2025-03-30 02:30:00", "2025-10-26 02:30:00", "2025-10-26 12:00:00"])
    read = times(text, zone="Europe/Berlin")
    assert read.to_list() == [None, datetime(2025, 10, 26, 0, 30, tzinfo=UTC), datetime(2025, 10, 26, 11, tzinfo=UTC)]
    assert repeated(read, "Europe/Berlin") == 1


@pytest.mark.parametrize(
    ("number", "unit"),
    [
        (45_847.979_166_666_7, TimeUnit.EXCEL_DAYS),
        (1_752_103_800, TimeUnit.SECONDS),
        (1_752_103_800_000, TimeUnit.MILLISECONDS),
        (1_752_103_800_000_000, TimeUnit.MICROSECONDS),
        (1_752_103_800_000_000_000, TimeUnit.NANOSECONDS),
    ],
)
def test_numbers_count_what_most_of_their_column_counts(number: float, unit: TimeUnit) -> None:
    expected = datetime(2025, 7, 9, 23, 30, tzinfo=UTC)
    for column in (pl.Series([number, number, 7]), pl.Series([str(number), str(number), "7"])):
        assert unit_of(column) == unit
        assert times(column, unit=unit)[0] == expected
    # One small number in a column of milliseconds is 1970 and breaks the contract; it is not a time in seconds.
    assert times(pl.Series([1_752_103_800]), unit=TimeUnit.MILLISECONDS)[0].year == 1970


def test_days_written_in_eight_digits() -> None:
    assert unit_of(pl.Series(["20250709", "20250710"])) == TimeUnit.DIGITS
    assert times(pl.Series([20_250_709]), unit=TimeUnit.DIGITS).to_list() == [datetime(2025, 7, 9, tzinfo=UTC)]


def test_the_order_of_day_and_month() -> None:
    assert orders_of(pl.Series(["03/04/2025", "13/04/2025", "04-13-2025", "3.4.2025"])) == (1, 1, 1)
    text = pl.Series(["03/04/2025", "3-4-2025 10:00"])
    assert [each.month for each in times(text, order=DateOrder.DAY_FIRST)] == [4, 4]
    assert [each.month for each in times(text, order=DateOrder.MONTH_FIRST)] == [3, 3]
    assert times(text).to_list() == [None, None]
