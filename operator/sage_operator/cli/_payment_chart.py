"""The chart of `payments --plot`: periods above, what is outstanding by age below.

Matplotlib draws it without a screen. The same facts give the same bytes: an SVG bears no date, and its ids come from a
fixed salt. Colours are those of Okabe and Ito, which colour-blind people tell apart, and shapes tell the same.
"""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click

from sage_operator.cli._payment_view import BUCKET_NAMES, Payments, money
from sage_operator.cli._table import shown
from sage_operator.sync.payments.periods import CompareWith
from sage_operator.sync.payments.settings import Figure

_BLUE: Final = "#0072B2"
_SKY: Final = "#56B4E9"
_BLACK: Final = "#000000"
_VERMILION: Final = "#D55E00"

_STYLE: Final[Any] = {
    "svg.hashsalt": "sage-operator",
    "svg.fonttype": "none",  # text stays text: it can be searched and read aloud
    "font.family": ["DejaVu Sans"],  # comes with matplotlib
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
}


def check_plot(_context: click.Context, _option: click.Parameter, path: Path | None) -> Path | None:
    """Refuse a name that says nothing of the format, before anything is done."""
    if path is not None and path.suffix.lower() not in {".svg", ".png"}:
        raise click.BadParameter(f"{path} must end with .svg or .png.")
    return path


def plot(payments: Payments, path: Path) -> None:
    """Write the chart.

    Raises:
        click.ClickException: matplotlib is not installed, or the file can't be written.
    """
    with _drawing() as figure_class:
        figure = figure_class(figsize=(max(7.5, 2.5 + 0.7 * len(payments.rows)), 6.5), layout="constrained")
        periods, ages = figure.subplots(2, 1, height_ratios=(5, 2))
        _draw_title(figure, payments)
        _draw_periods(periods, payments)
        _draw_ages(ages, payments)
        kind = path.suffix.lower().removeprefix(".")
        metadata = {"Date": None, "Creator": "sage-operator"} if kind == "svg" else {"Software": "sage-operator"}
        try:
            figure.savefig(path, format=kind, dpi=120, metadata=metadata)
        except OSError as error:
            raise click.ClickException(f"{path} can't be written: {error.strerror}.") from error


@contextmanager
def _drawing() -> Iterator[Any]:
    """Import matplotlib, which only charts need, and set it up; yields its class of figures."""
    try:
        from matplotlib import rc_context, rcdefaults, rcParams  # noqa: PLC0415
        from matplotlib.figure import Figure as Drawing  # noqa: PLC0415
    except ImportError as error:
        raise click.ClickException(
            "Charts need matplotlib. Install it with: pip install 'sage-operator[plots]'"
        ) from error
    with rc_context(), warnings.catch_warnings():
        rcdefaults()  # the user's own style does not decide
        rcParams.update(_STYLE)
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")  # it is drawn as a box
        yield Drawing


def _draw_title(figure: Any, payments: Payments) -> None:
    now = payments.now
    figure.suptitle(
        f"{shown(payments.account.label)}\n{_words(str(now[Figure.STATUS]))},"
        f" outstanding {money(now[Figure.OUTSTANDING])}, overdue {money(now[Figure.OVERDUE])}, as of {payments.today}",
        parse_math=False,
        fontsize="medium",
    )


def _draw_periods(axes: Any, payments: Payments) -> None:
    """Draw what was invoiced as wide bars, what of it is paid as narrow ones before them, the comparison as marks."""
    rows = payments.rows
    places = range(len(rows))
    names = [row.comparison.period.name for row in rows]
    if payments.to_date:
        names[-1] += "\nto date"
    before = "period before" if payments.compared_with is CompareWith.PREVIOUS_PERIOD else "same period last year"
    axes.bar(
        places, [float(row.compared.now.invoiced) for row in rows], 0.8,
        label="invoiced", color=_SKY, edgecolor=_BLACK, linewidth=0.5,
    )  # fmt: skip
    axes.bar(
        places, [float(row.compared.now.paid) for row in rows], 0.4,
        label="of it paid by now", color=_BLUE, edgecolor=_BLACK, linewidth=0.5,
    )  # fmt: skip
    axes.plot(
        places, [float(row.compared.before.invoiced) for row in rows],
        label=f"invoiced in the {before}", color=_VERMILION, linestyle="none", marker="D", markeredgecolor=_BLACK,
    )  # fmt: skip
    axes.set_xticks(places, names, rotation=90 if len(rows) > 18 else 0, fontsize="small")
    axes.set_ylabel("amount" if payments.currency is None else f"amount in {payments.currency}")
    axes.axhline(0, color=_BLACK, linewidth=0.8)
    _finish(axes, axes.yaxis)
    axes.legend(frameon=False, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1), fontsize="small")


def _draw_ages(axes: Any, payments: Payments) -> None:
    amounts = [payments.now[figure] for figure in BUCKET_NAMES]
    bars = axes.barh(
        range(len(amounts)), [float(amount or 0) for amount in amounts],
        color=[_SKY, *(_VERMILION,) * 4], edgecolor=_BLACK, linewidth=0.5,
    )  # fmt: skip
    axes.bar_label(bars, [money(amount) for amount in amounts], padding=4, fontsize="small")
    axes.margins(x=0.15)
    axes.set_yticks(range(len(amounts)), list(BUCKET_NAMES.values()), fontsize="small")
    axes.invert_yaxis()
    axes.axvline(0, color=_BLACK, linewidth=0.8)
    axes.set_xlabel("outstanding, by days overdue")
    _finish(axes, axes.xaxis)


def _finish(axes: Any, amounts: Any) -> None:
    """Show amounts in full, thousands apart."""
    amounts.set_major_formatter("{x:,.10g}")
    axes.grid(visible=True, axis=amounts.axis_name, color="#CCCCCC", linewidth=0.6)


def _words(status: str) -> str:
    """Return `SeriouslyOverdue` as `seriously overdue`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", status).lower()
