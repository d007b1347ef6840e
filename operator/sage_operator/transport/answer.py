"""What a remote answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from sage_operator.sync.errors import System, Unavailable

# Money must not pass through binary floats: every number with a fraction or exponent is read as it is spelled.
_DECODER = msgspec.json.Decoder(float_hook=Decimal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer, read to its end and unzipped. `headers` are found in any case; `host` is for messages."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    system: System
    host: str

    def json(self) -> Any:
        """Decode the body; numbers with a fraction are exact `Decimal`.

        Raises:
            Unavailable: it is no JSON (a proxy's error page, say).
        """
        try:
            return _DECODER.decode(self.content)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unavailable(
                self.system, f"{self.system.spoken} ({self.host}) answers {self.status} with a body that is no JSON."
            ) from error
