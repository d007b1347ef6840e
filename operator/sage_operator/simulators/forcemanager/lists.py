"""The value lists of a new tenant. Names of countries are Unicode's (CLDR), by way of Babel."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from babel import Locale
from babel.core import get_global

from sage_operator.simulators.wire import Row

_LANGUAGES = {
    "EN": "en",
    "US": "en",
    "ES": "es",
    "IT": "it",
    "DE": "de",
    "FR": "fr",
    "BR": "pt",
    "PT": "pt",
    "DK": "da",
    "RU": "ru",
}
_DIAL = {
    "ES": 34,
    "PT": 351,
    "FR": 33,
    "DE": 49,
    "IT": 39,
    "GB": 44,
    "US": 1,
    "NL": 31,
    "BE": 32,
    "CH": 41,
    "AD": 376,
    "MX": 52,
}
_CREATED = "2021-03-01T08:00:00.000Z"

_LABELS: dict[str, tuple[dict[str, Any], ...]] = {
    "accountTypes": (
        {"EN": "Customer", "ES": "Cliente", "FR": "Client", "DE": "Kunde"},
        {"EN": "Prospect", "ES": "Cliente potencial", "FR": "Prospect", "DE": "Interessent"},
        {"EN": "Partner", "ES": "Socio", "FR": "Partenaire", "DE": "Partner"},
        {"EN": "Supplier", "ES": "Proveedor", "FR": "Fournisseur", "DE": "Lieferant"},
        {"EN": "Distributor", "ES": "Distribuidor", "FR": "Distributeur", "DE": "Händler"},
        {"EN": "Former customer", "ES": "Antiguo cliente", "deleted": True},
    ),
    "accountStatuses": (
        {"EN": "Active", "ES": "Activo", "won": True, "lost": False},
        {"EN": "In negotiation", "ES": "En negociación", "won": False, "lost": False},
        {"EN": "Customer", "ES": "Cliente", "won": True, "lost": False},
        {"EN": "Lost", "ES": "Perdido", "won": False, "lost": True},
    ),
    "accountSegments": ({"EN": "Large", "ES": "Grande"}, {"EN": "Medium", "ES": "Mediana"}, {"EN": "Small",
    "ES": "Pequeña"}),
    "contactTypes": (
        {"EN": "Decision maker", "ES": "Decisor"},
        {"EN": "Buyer", "ES": "Comprador"},
        {"EN": "Administration", "ES": "Administración"},
    ),
    "branches": (
        {"EN": "Madrid", "ES": "Madrid", "default": True, "mainEnvironment": True},
        {"EN": "Barcelona", "ES": "Barcelona", "default": False, "mainEnvironment": False},
        {"EN": "Lisbon", "ES": "Lisboa", "default": False, "mainEnvironment": False},
    ),
    "currencies": (
        {"EN": "Euro", "ES": "Euro", "isoCode": "EUR", "symbol": "€"},
        {"EN": "Pound sterling", "ES": "Libra esterlina", "isoCode": "GBP", "symbol": "£"},
        {"EN": "US dollar", "ES": "Dólar estadounidense", "isoCode": "USD", "symbol": "$"},
    ),
    "rates": ({"EN": "Standard", "ES": "General"}, {"EN": "Wholesale", "ES": "Mayorista"}),
    "userTypes": ({"EN": "Sales representative", "ES": "Comercial"}, {"EN": "Manager", "ES": "Gerente"}),
    "genders": ({"EN": "Male", "ES": "Hombre", "id": 0}, {"EN": "Female", "ES": "Mujer", "id": 1}),
}  # fmt: skip
_OWN = ("branchVisibility", "internal", "computeSfm", "visitCycle")
_EXTRA: dict[str, tuple[str, ...]] = {
    "accountTypes": _OWN,
    "accountSegments": _OWN,
    "contactTypes": _OWN,
    "accountStatuses": ("branchVisibility", "won", "lost"),
    "branches": ("default", "imperialSystem", "mainEnvironment", "currencyId", "timeZoneId"),
    "countries": ("iso2", "iso3", "isoNum", "phoneCode", "strName"),
    "currencies": ("isoCode", "symbol"),
}
_STAMPS = tuple(f"{what}{verb}" for what in ("date", "salesRepId") for verb in ("Created", "Updated", "Deleted"))
_FIRST_IDS = {
    "accountTypes": 1,
    "accountStatuses": 1,
    "accountSegments": 1,
    "contactTypes": 1,
    "branches": 16,
    "currencies": 1,
}


@cache
def value_lists() -> dict[str, tuple[Row, ...]]:
    """Return the rows of each list."""
    lists = {name: tuple(_rows(name, labels)) for name, labels in _LABELS.items()}
    return {**lists, "countries": tuple(_countries())}


def shown(name: str, row: Row) -> Row:
    """Return a row of a list as it is answered: with all the fields of that list, null ones too."""
    described = (f"description{language}" for language in _LANGUAGES)
    fields = ("id", "order", "deleted", "description", *described, *_STAMPS, *_EXTRA.get(name, ()))
    return {field: row.get(field) for field in fields}


def label(row: Row) -> str | None:
    """Return how a row is shown: its description may be empty."""
    names = ("description", "descripcion", "descriptionEN", "descripcion_en", "descriptionES")
    return next((str(text) for name in names if (text := row.get(name))), None)


def own_list(labels: Sequence[Mapping[str, str]]) -> list[Row]:
    """Return the rows of a tenant's own list; its columns are named otherwise than those of other lists.

    Args:
        labels: for each row its label by language (`en`, `es`, …).
    """
    return [
        {
            "id": place + 1,
            "deleted": False,
            "descripcion": texts.get("es", next(iter(texts.values()), "")),
            **{f"descripcion_{language}": text for language, text in texts.items()},
            "dateCreated": _CREATED,
        }
        for place, texts in enumerate(labels)
    ]


def _rows(name: str, labels: tuple[dict[str, Any], ...]) -> list[Row]:
    rows = []
    for number, entry in enumerate(labels):
        texts = {key: value for key, value in entry.items() if key in _LANGUAGES}
        extra = {key: value for key, value in entry.items() if key not in _LANGUAGES}
        if "branchVisibility" in _EXTRA.get(name, ()):
            extra["branchVisibility"] = []
        row = {"id": number + _FIRST_IDS.get(name, 1), **_row(number, texts), **extra}
        # The description of every third row is empty: clients must look at the languages.
        row["description"] = "" if number % 3 == 2 and name != "branches" else texts["ES"]
        rows.append(row)
    return rows


def _row(order: int, texts: dict[str, str]) -> Row:
    described = {f"description{language}": texts.get(language) or texts["EN"] for language in _LANGUAGES}
    return {"order": order + 1, "deleted": False, **described, "dateCreated": _CREATED}


def _dial(code: str) -> str | None:
    return str(_DIAL[code]) if code in _DIAL else None


def _countries() -> list[Row]:
    names = {language: dict(Locale.parse(tag).territories) for language, tag in _LANGUAGES.items()}
    codes: dict[str, dict[str, str]] = {}
    for alias, (code, *_) in get_global("territory_aliases").items():
        if len(alias) == 3:  # the code of three letters, or of three digits
            codes.setdefault(str(code), {})["isoNum" if alias.isdigit() else "iso3"] = alias
    rows: list[Row] = []
    for code, others in sorted(codes.items()):
        if len(others) < 2 or code not in names["EN"]:
            continue
        texts = {language: territories[code] for language, territories in names.items() if code in territories}
        row = _row(len(rows), texts) | {"id": len(rows) + 1, "description": texts["ES"], "strName": texts["EN"]}
        rows.append(row | {"iso2": code, **others, "isoNum": int(others["isoNum"]), "phoneCode": _dial(code)})
    return rows
