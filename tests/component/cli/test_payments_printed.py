"""What `payments` prints from a ledger that is open for writing: figures and a page as docs/payments.md shows them."""

import fcntl
import json
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from decimal import Decimal

import pytest

from sage_operator.sync.payments.reading import Company
from unit.payments.test_worked_example import PAGE, tables

from .payments_shown import ACME, EMPTY, NAMES, Shown

# Figures


def test_figures_as_of_now_are_those_of_the_page(shown: Shown) -> None:
    """Expect each figure of the worked example, by its name, as an exact number."""
    (rows,) = tables("As of now")
    text = shown("--account", ACME, "-o", "json").stdout
    found = json.loads(text, parse_float=Decimal)
    assert found["figures"] == {
        row["figure"]: Decimal(row["value"]) if re.fullmatch(r"[\d.]+", row["value"]) else row["value"] for row in rows
    }
    assert '"outstanding": 3301.50,' in text


@pytest.mark.parametrize("period", ["week", "month", "quarter", "year"])
@pytest.mark.parametrize(
    ("compare", "heading"),
    [
        ("previous", "Compared with the previous period, to date"),
        ("last-year", "Compared with the same period last year, to date"),
    ],
)
def test_the_current_period_is_that_of_the_page(shown: Shown, period: str, compare: str, heading: str) -> None:
    """Expect the numbers of the worked example in the last period, of each kind and comparison."""
    _, rows = tables(heading)
    found = shown.document("--account", ACME, "--period", period, "--compare", compare, "--periods", "3")
    assert len(found["periods"]) == 3
    last = found["periods"][-1]
    for row in rows:
        if row["period"].lower() == period:
            name = row["figure"]
            assert [last[name], last["comparison"][name], last["change"][name], last["changePercent"][name]] == [
                float(row[of]) for of in ("Current", "Comparison", "Change", "ChangePercent")
            ]


def test_keys_of_the_document_stay(shown: Shown) -> None:
    """Expect whose figures they are, on what they rest, and the days of each period."""
    found = shown.document("--account", ACME, "--periods", "2")
    assert {key: value for key, value in found.items() if key not in {"figures", "periods"}} == {
        "account": {
            "namespace": "crm",
            "name": "acme",
            "sageId": ACME,
            "forceManagerId": 1000,
            "label": NAMES[ACME],
        },
        "company": "Acme Iberia S.L.",
        "currency": "EUR",
        "timeZone": "Europe/Madrid",
        "today": "2026-11-24",
        "readUntil": "2026-11-24T09:15:00Z",
        "period": "Month",
        "comparedWith": "PreviousPeriod",
        "toDate": True,
    }
    october, november = found["periods"]
    assert (october["name"], october["first"], october["last"]) == ("2026-10", "2026-10-01", "2026-10-31")
    assert (november["name"], november["first"], november["last"]) == ("2026-11", "2026-11-01", "2026-11-24")
    assert [november["comparison"][key] for key in ("name", "first", "last")] == ["2026-10", "2026-10-01", "2026-10-24"]
    assert set(november) == {"name", "first", "last", "invoiced", "paid", "documents", "comparison", "change",
                             "changePercent"}  # fmt: skip


def test_an_account_without_documents_has_no_invoices(shown: Shown) -> None:
    """Expect zeros, and no bar; nor a percentage of nothing."""
    found = shown.document("--account", EMPTY)
    assert found["figures"]["status"] == "NoInvoices"
    assert {row["invoiced"] for row in found["periods"]} == {0}
    assert {row["changePercent"]["invoiced"] for row in found["periods"]} == {None}
    assert "#" not in shown("--account", EMPTY).stdout.partition("\n\n")[2].rpartition("\n\n")[0]


def test_fiscal_years_are_the_integrations_or_the_companys(shown: Shown) -> None:
    """Expect those of the company where the manifest leaves it to it, and what is asked for in words before both."""
    words = ("--account", ACME, "--period", "year", "--periods", "1")
    assert shown.document(*words)["periods"][0]["name"] == "FY2027"  # from April: the company's
    shown.write(fiscalYearStartMonth=12)
    assert shown.document(*words)["periods"][0]["name"] == "FY2026"
    assert shown.document(*words, "--fiscal-start", "10")["periods"][0]["name"] == "FY2027"


async def test_a_ledger_without_company_still_tells(shown: Shown) -> None:
    """Expect calendar years and no currency from a company of which Sage tells nothing but its name."""
    await shown.bench.ledger.save_company(
        shown.bench.scope, Company(id="a00000000000001AAA", name="Acme", currency="", fiscal_start=None)
    )
    found = shown.document("--account", ACME, "--period", "year", "--periods", "1")
    assert (found["company"], found["currency"], found["periods"][0]["name"]) == ("Acme", None, "FY2026")
    assert "Company:       Acme\n" in shown("--account", ACME).stdout


# The table


def test_the_table_is_plain_without_a_terminal(shown: Shown) -> None:
    """Expect facts above, a line a period with its bar, and what is counted in part."""
    text = shown("--account", ACME, "--periods", "5").stdout
    assert "\x1b" not in text
    assert "Company:       Acme Iberia S.L.; amounts are in EUR\n" in text
    assert "Status:        SeriouslyOverdue\n" in text
    assert "Overdue:       1,063.00, the oldest for 674 days\n" in text
    assert "By age:        not due 2,238.50, 1 to 30 days 500.00, 31 to 60 days 0.00," in text
    assert "Credit:        3,301.50 used of 5,000.00\n" in text
    *_, head, july, august, september, october, november = [
        line for line in text.splitlines() if re.match(r"MONTH|2026-\d\d[* ]", line)
    ]
    assert head.split() == ["MONTH", "INVOICED", "PAID", "DOCS", "AGAINST", "INVOICED", "CHANGE", "%"]
    assert july.split()[1:4] == ["2,420.00", "#" * 24, "2,420.00"]
    assert august.split()[:4] == ["2026-08", "242.00", "..", "-121.00"]
    assert september.split() == ["2026-09", "0.00", "0.00", "0", "2026-08", "242.00", "-242.00", "-100.0"]
    assert october.split()[2] == "###....."
    assert november.split() == [
        "2026-11*", "2,178.00", "#####.................", "533.61", "3", "2026-10", "847.00", "+1,331.00", "+157.1",
    ]  # fmt: skip
    assert text.endswith("* up to 2026-11-24, compared with 2026-10-01 to 2026-10-24\n")


@pytest.mark.parametrize(("columns", "longest"), [(120, 24), (80, 6), (76, 0)])
def test_bars_take_what_room_the_terminal_leaves(shown: Shown, columns: int, longest: int) -> None:
    """Expect whole amounts on one line each, however short the bars become."""
    words = ["-f", shown.manifest, "--ledger", shown.ledger, "--account", ACME, "--periods", "5"]
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
    command = [sys.executable, "-m", "sage_operator", "payments", *map(str, words)]
    printed = b""
    with subprocess.Popen(command, stdout=slave, env=environment | {"TERM": "xterm"}) as process:
        os.close(slave)
        with suppress(OSError):  # the terminal is gone with its last writer
            while part := os.read(master, 4096):
                printed += part
    os.close(master)
    assert process.returncode == 0
    text = re.sub(r"\x1b\[[\d;]*m", "", printed.decode())
    (july,) = [line for line in text.splitlines() if line.startswith("2026-07 ")]
    bar = ["█" * longest] if longest else []
    assert july.split() == ["2026-07", "2,420.00", *bar, "2,420.00", "1", "2026-06", "0.00", "+2,420.00"]


def test_the_page_shows_what_is_printed(shown: Shown) -> None:
    """Expect the output in docs/payments.md, but for the account's name, to the letter."""
    (block,) = re.findall(
        r"^```console\n\$ [^\n]* sage-operator payments ([^\n]*)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL
    )
    options, output = block
    words = shlex.split(options.partition(" --account ")[2])[1:]
    head, _, rest = shown("-n", "crm", "acme", "--account", ACME, *words).stdout.partition("\n")
    assert output == f"Account:       ACME Iberia\n{rest}"
    assert head == f"Account:       {NAMES[ACME]}"


def test_more_credits_than_invoices_have_a_bar_of_their_own(shown: Shown) -> None:
    """Expect that it can't be taken for an amount above zero."""
    shown.write(documentTypes=[{"name": "Sales Credit", "sign": -1}])
    (line,) = [
        line for line in shown("--account", ACME, "--periods", "1").stdout.splitlines() if line.startswith("2026-11*")
    ]
    assert line.split()[1:4] == ["-181.50", "-" * 24, "0.00"]
