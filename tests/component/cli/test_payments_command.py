"""`payments` on a real ledger that holds the worked example of docs/payments.md, while it is open for writing."""

import asyncio
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
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from click.testing import CliRunner, Result

from component.ledger.examples import Bench, account_id, release
from sage_operator.cli import main
from sage_operator.cli import payments as command
from sage_operator.ledger import SqlLedger
from sage_operator.sync.payments.reading import Company
from sage_operator.sync.state import StreamState
from unit.payments.test_worked_example import LIMIT, PAGE, SETTINGS, documents, tables

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
READ = datetime(2026, 11, 24, 9, 15, tzinfo=UTC)
ACME, TWIN, LEFT, EMPTY, FAR = map(account_id, range(1, 6))
NAMES = {ACME: "ACME [Iberia] $1 & $2", TWIN: "Twin", LEFT: "Left", EMPTY: "twin", FAR: "株式会社"}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A ledger with documents, and the manifest of its integration."""

    ledger: Path
    manifest: Path
    bench: Bench

    def __call__(self, *words: str, code: int = 0, manifest: bool = True, **options: Any) -> Result:
        """Carry out `payments`; it must end with this code."""
        source = ("-f", str(self.manifest)) if manifest else ()
        result = CliRunner().invoke(main, ["payments", *source, "--ledger", str(self.ledger), *words], **options)
        assert result.exit_code == code, result.output
        return result

    def document(self, *words: str) -> dict[str, Any]:
        """Return what it prints as JSON, which must be what it prints as YAML."""
        found: dict[str, Any] = json.loads(self(*words, "-o", "json").stdout)
        assert yaml.safe_load(self(*words, "-o", "yaml").stdout) == found
        return found

    def write(self, **payments: Any) -> None:
        """Change the manifest's payments."""
        self.manifest.write_text(yaml.safe_dump(manifest(**payments)))


def manifest(**payments: Any) -> dict[str, Any]:
    """Return an integration with the payments of the worked example, some of them changed."""
    return {
        "apiVersion": "integrations.forcemanager.io/v1alpha1",
        "kind": "SageIntegration",
        "metadata": {"name": "acme", "namespace": "crm"},
        "spec": {"payments": SETTINGS | payments},
    }


@pytest.fixture
async def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shown]:
    """One account with the twelve documents, two of one name, and one that has left."""
    monkeypatch.setattr(sys.modules[command.callback.__module__], "_now", lambda: NOW)  # type: ignore[union-attr]
    async with await SqlLedger.open(tmp_path / "ledger.db", clock=lambda: NOW) as ledger:
        bench = await Bench.set_up(ledger)
        for number, (sage_id, name) in enumerate(NAMES.items()):
            await bench.write(sage_id, target_id=1000 + number, label=name)
        await ledger.store_documents(bench.scope, [replace(document, account_id=ACME) for document in documents()])
        await ledger.store_credit_limits(bench.scope, {ACME: LIMIT})
        company = Company(id="a00000000000001AAA", name="Acme Iberia S.L.", currency="EUR", fiscal_start=4)
        await ledger.save_company(bench.scope, company)
        await ledger.save_stream(bench.scope, "documents", StreamState(watermark=READ, digest="digest"))
        await bench.note(release(LEFT))
        shown = Shown(ledger=tmp_path / "ledger.db", manifest=tmp_path / "acme.yaml", bench=bench)
        shown.write()
        yield shown


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


# Charts


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


def test_charts_and_kubernetes_are_loaded_only_where_they_are_needed(shown: Shown) -> None:
    """Expect neither matplotlib nor Kopf in a process that prints a table."""
    words = ["payments", "-f", str(shown.manifest), "--ledger", str(shown.ledger), "--account", ACME]
    code = (
        "import sys; from sage_operator.cli import main\n"
        f"main({words!r}, standalone_mode=False)\n"
        "print({'matplotlib', 'kopf', 'kubernetes'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("\nset()\n")


# Which account, which integration


@pytest.mark.parametrize("words", [ACME, ACME[:15], "1000", "acme [iberia] $1 & $2"])
def test_an_account_is_found_by_whatever_people_know(shown: Shown, words: str) -> None:
    """Expect its Sage id, long or short, its ForceManager id, and its name in any case to do."""
    assert shown.document("--account", words)["account"]["sageId"] == ACME


def test_the_integration_may_be_named_beside_its_manifest(shown: Shown) -> None:
    """Expect all spellings to mean the same; the manifest may have others, and be standard input."""
    others = "\n---\n".join(
        yaml.safe_dump(body) for body in ({"kind": "Secret"}, manifest(), manifest() | {"metadata": {"name": "other"}})
    )
    shown.manifest.write_text(others)
    for words in (["acme"], ["crm/acme"], ["-n", "crm", "acme"]):
        assert shown.document(*words, "--account", ACME)["account"]["name"] == "acme"
    result = shown("-f", "-", "-n", "crm", "acme", "--account", ACME, manifest=False, input=others)
    assert "Integration:   crm/acme" in result.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--account", "TWIN"), f"{TWIN}  Twin\n  {EMPTY}  twin"),
        (("--account", "iberia"), "Is it ACME [Iberia] $1 & $2?"),
        (("--account", "Twim"), "Is it twin?"),
        (("--account", LEFT), "has left the scope of crm/acme"),
        (("--account", ACME, "acne"), "has the integrations acme: name one of them"),
        (("--account", ACME, "--plot", "/nowhere/acme.svg"), "/nowhere/acme.svg can't be written"),
        (("--account", ACME, "--ledger", "/nowhere/ledger.db"), "Name the operator's file with --ledger"),
    ],
)
def test_what_is_not_there_is_told_with_what_is_near(shown: Shown, words: tuple[str, ...], message: str) -> None:
    """Expect code 1, and a message that helps."""
    assert message in shown(*words, code=1).stderr


def set_manifest(**payments: Any) -> Callable[[Shown], None]:
    """Return what writes another manifest."""
    return lambda shown: shown.write(**payments)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_manifest(timeZone="Europe/Atlantis"), "spec.payments: timeZone: must be an IANA time zone"),
        (set_manifest(enabled=False), "`payments.enabled: false`"),
        (lambda shown: shown.manifest.write_text("kind: SageIntegration\nmetadata: {name: acme}\n"), "no section"),
        (
            lambda shown: shown.manifest.write_text(
                "apiVersion: integrations.forcemanager.io/v1alpha1\nkind: SageIntegration\nspec: [\n"
            ),
            ".yaml:4: ",
        ),
        (lambda shown: shown.manifest.write_text("kind: Secret\n"), "has no SageIntegration"),
        (lambda shown: shown.manifest.write_bytes(b"\xff\xfe\x00"), "it is no UTF-8"),
    ],
)
def test_a_manifest_that_does_not_do_is_told(shown: Shown, change: Callable[[Shown], None], message: str) -> None:
    """Expect code 1, and what is wrong with it."""
    change(shown)
    assert message in shown("--account", ACME, code=1).stderr


async def test_no_figures_before_all_documents_are_read(shown: Shown) -> None:
    """Expect that half of the documents are not taken for all."""
    ledger = shown.bench.ledger
    other = await Bench.set_up(ledger, "crm/new", fingerprint="other", tenant="other")
    await other.write(account_id(9))
    (shown.manifest.parent / "new.yaml").write_text(yaml.safe_dump(manifest() | {"metadata": {"name": "new"}}))
    result = shown("-f", str(shown.manifest.parent / "new.yaml"), "--account", account_id(9), code=1, manifest=False)
    assert "No run of crm/new has read all documents yet" in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--account", ACME, "--plot", "acme.pdf"), "must end with .svg or .png"),
        (("--account", ACME, "--periods", "0"), "0 is not in the range"),
        (("--account", ACME, "--period", "day"), "'day' is not one of"),
        ((), "Missing option '--account'"),
    ],
)
def test_wrong_usage_is_code_2(shown: Shown, words: tuple[str, ...], message: str) -> None:
    """Expect what was wrong."""
    assert message in shown(*words, code=2).stderr


class Api(BaseHTTPRequestHandler):
    """A Kubernetes API that has one integration."""

    def do_GET(self) -> None:
        """Answer with the integration, or that there is none."""
        path = "/apis/integrations.forcemanager.io/v1alpha1/namespaces/crm/sageintegrations/acme"
        found = self.path == path and self.headers["Authorization"] == "Bearer demo"
        body = json.dumps(manifest(compareWith="SamePeriodLastYear") if found else {"reason": "NotFound"}).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *_words: Any) -> None:  # noqa: A002 - the name of the overridden method's
        """Say nothing."""


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Iterator[Path]:
    """Start the API; returns how to reach it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        serving = Thread(target=server.serve_forever)
        serving.start()
        parts = {
            "clusters": [{"name": "demo", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
            "users": [{"name": "demo", "user": {"token": "demo"}}],
            "contexts": [{"name": "demo", "context": {"cluster": "demo", "user": "demo"}}],
        }
        path = tmp_path / "kubeconfig"
        path.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", "current-context": "demo"} | parts))
        yield path
        server.shutdown()
        serving.join()


def test_the_cluster_knows_the_integration(shown: Shown, kubeconfig: Path) -> None:
    """Expect the settings of the resource, found by its name alone."""
    words = ("acme", "--account", ACME, "--kubeconfig", str(kubeconfig), "-o", "json")
    assert json.loads(shown(*words, manifest=False).stdout)["comparedWith"] == "SamePeriodLastYear"


async def test_an_integration_that_was_deleted_needs_its_manifest(shown: Shown, kubeconfig: Path) -> None:
    """Expect that the cluster's answer is told, and the way without."""
    other = await Bench.set_up(shown.bench.ledger, "crm/old", fingerprint="other", tenant="other")
    await other.write(account_id(9))
    await shown.bench.ledger.save_stream(other.scope, "documents", StreamState(watermark=READ))
    words = ("old", "--account", account_id(9), "--kubeconfig", str(kubeconfig))
    result = await asyncio.to_thread(shown, *words, code=1, manifest=False)
    assert "There is no SageIntegration crm/old in the cluster. Give its manifest with -f." in result.stderr


def test_without_a_manifest_the_integration_must_be_named(shown: Shown) -> None:
    """Expect both ways to be told; and where no cluster can be asked, the other one."""
    assert "give its manifest with -f" in shown("--account", ACME, code=2, manifest=False).stderr
    kubeconfig = shown.manifest.parent / "kubeconfig"
    kubeconfig.write_text("{}")
    words = ("acme", "--account", ACME, "--kubeconfig", str(kubeconfig))
    assert "Give its manifest with -f." in shown(*words, code=1, manifest=False).stderr
