"""Salesforce ids: 15 characters that differ by case, or the same with 3 that spell the case out.

The 18-character form is the one that everything here stores and compares, exactly in case
(https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/field_types.htm, "ID Field Type").
"""

import re

_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_ID = re.compile(r"[A-Za-z0-9]{15}([A-Za-z0-9]{3})?")


def is_id(text: str) -> bool:
    """Tell whether a text has the shape of a Salesforce id."""
    return _ID.fullmatch(text) is not None


def long_id(text: str) -> str:
    """Return the 18-character form of an id.

    Each of the three last characters encodes which of five characters are upper case, the first one as the lowest bit.

    Raises:
        ValueError: the text is no Salesforce id.
    """
    if not is_id(text):
        raise ValueError(f"{text!r} is no Salesforce id: 15 or 18 letters and digits")
    if len(text) == 18:
        return text
    chunks = (text[0:5], text[5:10], text[10:15])
    return text + "".join(_SUFFIX[sum(1 << i for i, c in enumerate(chunk) if "A" <= c <= "Z")] for chunk in chunks)
