"""The chart of `payments --plot`."""

import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from .payments_shown import ACME, FAR, NAMES, Shown


@pytest.mark.parametrize("period", ["week", "month", "quarter", "year"])
def test_a_chart_names_all_that_it_shows(shown: Shown, tmp_path: Path, period: str) -> None:
    """Expect valid XML whose texts are the account, the periods and the ages; the same bytes each time; no date."""
    chart = tmp_path / "acme.svg"
    words = ("--account", ACME, "--period", period, "--periods", "6")
    names = [row["name"] for row in shown.document(*words)["periods"]]
    assert "Status:" in shown(*words, "--plot", str(chart)).stdout
    first = chart.read_bytes()
    shown(*words, "--plot", str(chart))
    assert chart.read_bytes() == first
    texts = {"".join(of.itertext()).strip() for of in ET.fromstring(first).iter("{http://www.w3.org/2000/svg}text")}
    assert {NAMES[ACME], "invoiced", "of it paid by now", "over 90 days", *names} <= texts
    assert b"dc:date" not in first


def test_a_chart_can_be_a_bitmap(shown: Shown, tmp_path: Path) -> None:
    """Expect a PNG of a readable size, also of a name whose letters the font does not have."""
    chart = tmp_path / "acme.PNG"
    shown("--account", FAR, "--plot", str(chart))
    data = chart.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(data[16:20]) >= 900


def test_a_chart_says_how_to_get_what_it_needs(shown: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Expect the remedy where matplotlib is not installed, and no file."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    chart = tmp_path / "acme.svg"
    assert "pip install 'sage-operator[plots]'" in shown("--account", ACME, "--plot", str(chart), code=1).stderr
    assert not chart.exists()
