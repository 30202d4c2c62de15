import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, TypeAdapter, ValidationError

from proxy_addons.units import (
    Duration,
    Money,
    Rate,
    Size,
    parse_duration,
    parse_money,
    parse_rate,
    parse_size,
    show_duration,
    write_duration,
    write_rate,
)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("250ms", 0.25), ("5s", 5.0), (" 2 m ", 120.0), ("1.5h", 5400.0), ("20us", 2e-5), (0, 0.0), ("0s", 0.0)],
)
def test_durations_become_seconds(written: object, seconds: float) -> None:
    """Every unit, with and without spaces; zero needs none."""
    assert parse_duration(written) == seconds


@pytest.mark.parametrize(
    "written",
    [
        250,
        2.5,
        "251",
        "-5s",
        "5 S",
        "s",
        "",
        None,
        True,
        [],
        "1e3s",
        "٣s",
        "5s\nx",
        pytest.param("9" * 400 + "s", id="huge"),
    ],
)
def test_what_is_no_duration_is_refused(written: object) -> None:
    """A bare number could be seconds or milliseconds."""
    with pytest.raises(ValueError, match="like 250ms or 5s"):
        parse_duration(written)


@pytest.mark.parametrize(
    ("written", "size"), [("16KB", 16_000), ("16KiB", 16_384), ("1.5MB", 1_500_000), (64, 64), (0, 0), ("7B", 7)]
)
def test_sizes_become_bytes(written: object, size: int) -> None:
    """KB is 1000 and KiB 1024; a bare whole number counts bytes."""
    assert parse_size(written) == size


@pytest.mark.parametrize("written", [-1, 1.5, "16", "16kb", pytest.param("9" * 400 + "GB", id="huge"), True, None])
def test_what_is_no_size_is_refused(written: object) -> None:
    """Nothing negative, broken or beyond all bounds."""
    with pytest.raises(ValueError, match=r"size cannot be negative|not a quantity"):
        parse_size(written)


def test_rates_become_bytes_per_second() -> None:
    """A size and `/s`."""
    assert parse_rate("64KB/s") == 64_000.0
    assert parse_rate(" 1.5MiB/s ") == 1.5 * 1024**2


@pytest.mark.parametrize("written", ["64KB", "64/s", 64, "0KB/s", None])
def test_what_is_no_rate_is_refused(written: object) -> None:
    """A rate of zero would be a black hole in disguise."""
    with pytest.raises(ValueError, match=r"like 64KB/s|above zero"):
        parse_rate(written)


@pytest.mark.parametrize(
    ("written", "amount"), [("25.00", "25.00"), (3, "3"), ("-0.10", "-0.10"), (Decimal("1.5"), "1.5")]
)
def test_money_keeps_its_cents(written: object, amount: str) -> None:
    """Digits stay as they were written."""
    assert str(parse_money(written)) == amount


@pytest.mark.parametrize("written", [25.0, "25.", ".5", "1e3", "NaN", "Infinity", "25.00\n", "25 USD", True, None])
def test_what_is_no_amount_is_refused(written: object) -> None:
    """A float has lost cents before anyone could look; infinity would lift every cap."""
    with pytest.raises(ValueError, match="decimal in quotes"):
        parse_money(written)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.25, "250ms"),
        (5.0, "5s"),
        (120.0, "2m"),
        (90.0, "90s"),
        (0.0, "0s"),
        (1e-5, "0.01ms"),
        (1_000_001.0, "1000001s"),
    ],
)
def test_durations_are_shown_as_a_person_writes_them(seconds: float, shown: str) -> None:
    """In the unit that needs the fewest digits."""
    assert show_duration(seconds) == shown


@given(st.floats(min_value=0, max_value=1e9, allow_subnormal=False).filter(lambda x: x == 0 or x > 1e-20))
def test_written_durations_read_back_exactly(seconds: float) -> None:
    """Not one bit is lost, whatever the number."""
    assert parse_duration(write_duration(seconds)) == seconds


@given(st.floats(min_value=1e-3, max_value=1e14))
def test_written_rates_read_back_exactly(rate: float) -> None:
    """See above."""
    assert parse_rate(write_rate(rate)) == rate


class Pace(BaseModel):
    delay: Duration
    rest: Duration | None = None
    size: Size
    rate: Rate
    cap: Money


def test_a_model_of_quantities_survives_its_own_dump() -> None:
    """What the tool writes down, a profile can say again."""
    pace = Pace.model_validate({"delay": "1.1s", "size": "16KB", "rate": "64KB/s", "cap": "25.00"})

    assert Pace.model_validate(json.loads(pace.model_dump_json())) == pace


@pytest.mark.parametrize(
    ("adapter", "good", "bad"),
    [
        (TypeAdapter(Duration), "250ms", "250"),
        (TypeAdapter(Size), "16KB", "16XB"),
        (TypeAdapter(Rate), "1KB/s", "1KB"),
        (TypeAdapter(Money), "1.00", "1.00 USD"),
    ],
    ids=["duration", "size", "rate", "money"],
)
def test_schema_and_parser_agree(adapter: TypeAdapter[object], good: str, bad: str) -> None:
    """An editor accepts what the loader accepts."""
    schema = Draft202012Validator(adapter.json_schema())

    adapter.validate_python(good)
    assert schema.is_valid(good)
    with pytest.raises(ValidationError):
        adapter.validate_python(bad)
    assert not schema.is_valid(bad)
