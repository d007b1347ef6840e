"""What the program itself offers: metrics and flags."""

from collections.abc import Iterable

import click
from prometheus_client.metrics import MetricWrapperBase

from sage_operator.cli import main
from sage_operator.reference._markdown import code, codes, document, section, table
from sage_operator.telemetry.metrics import IntegrationCollector, Metrics

_METRICS = """\
Served under `/metrics` in Prometheus's text format. Series of an integration are computed at scrape from its live \
state: a deleted integration leaves none. Counters appear when they first count. Besides these there are the usual \
`process_*` and `python_gc_*`. A histogram has `_bucket`, `_sum` and `_count`."""

_FLAGS = """\
A flag of `run` can be given as a variable as well; the flag wins. A flag that may be given several times takes its \
values from the variable separated by blanks."""


def metrics() -> str:
    """Return the page of the metrics."""
    rows = sorted([*_stored(), *_computed()])
    return document("Metrics", _METRICS, table(("metric", "type", "labels", "meaning"), rows))


def _stored() -> Iterable[tuple[str, str, str, str]]:
    """Yield those that are counted, without a series having been made."""
    for collector in Metrics().registry._collector_to_names:  # noqa: SLF001 - no public way tells the labels
        if isinstance(collector, MetricWrapperBase):
            (family,) = collector.describe()
            name = f"{family.name}_total" if family.type == "counter" else family.name
            yield code(name), family.type, codes(collector._labelnames), family.documentation  # noqa: SLF001


def _computed() -> Iterable[tuple[str, str, str, str]]:
    """Yield those that are computed at scrape."""
    for family in IntegrationCollector(lambda: ()).describe():
        yield code(family.name), family.type, codes(family._labelnames), family.documentation  # noqa: SLF001


def flags() -> str:
    """Return the page of the commands and their flags."""
    return document("Flags", _FLAGS, *(_command(command, name) for name, command in _commands(main, "sage-operator")))


def _commands(group: click.Group, name: str) -> Iterable[tuple[str, click.Command]]:
    """Yield all commands, those of groups too, with their whole names."""
    for command in group.commands.values():
        whole = f"{name} {command.name}"
        if isinstance(command, click.Group):
            yield from _commands(command, whole)
        else:
            yield whole, command


def _command(command: click.Command, name: str) -> str:
    options = [each for each in command.params if isinstance(each, click.Option)]
    head = ("flag", "variable", "default", "meaning")
    rows = (
        (_spelled(each), code(each.envvar) if each.envvar else "", _default(each), each.help or "") for each in options
    )
    return section(code(name), command.get_short_help_str(limit=200), table(head, rows))


def _spelled(option: click.Option) -> str:
    """Return the names of an option and what it takes."""
    kind = option.type
    taken = ", one of " + codes(kind.choices) if isinstance(kind, click.Choice) else ""
    return f"{codes(option.opts)}{taken}{' (repeatable)' if option.multiple else ''}"


def _default(option: click.Option) -> str:
    value = option.to_info_dict()["default"]
    if option.is_flag or value in (None, ()):
        return ""
    return codes(value) if isinstance(value, list | tuple) else code(value)
