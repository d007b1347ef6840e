"""One run's way to Salesforce: authorised requests, counted, with its errors in the domain's words."""

import re
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from functools import partial
from urllib.parse import quote

import msgspec

from sage_operator.sage import lists, soql
from sage_operator.sage.auth import Session, Token
from sage_operator.sage.describe import read_description
from sage_operator.sage.errors import explain, missing_object, not_salesforce, read_refusal, unknown_version
from sage_operator.sage.paging import CursorLostError, pages
from sage_operator.sage.rows import Page, Record, read_page
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import CredentialsRejected, SyncError, System, Unavailable
from sage_operator.sync.sources import SourceObject
from sage_operator.telemetry import metrics
from sage_operator.transport import Answer, RemoteClient
from sage_operator.transport.retry import http_date

_HEADERS = {
    "Accept-Encoding": "gzip",
    "Sforce-Query-Options": "batchSize=2000",  # the most; Salesforce may send less
}


class Connection:
    """Sends queries for one run.

    Attributes:
        version: of the API, `66.0`.
        requests: how many requests the run has sent, sign-in and repeated ones included.
        clock: UTC, the `Date` of the first answer to a query.
        quota_left: what is left of the organisation's API requests of 24 hours, 0 to 1; None until it is told.
    """

    def __init__(self, *, client: RemoteClient, session: Session, api_version: str) -> None:
        self.requests = 0
        self.clock: datetime | None = None
        self.quota_left: float | None = None
        self._client = client
        self._session = session
        self.version = api_version.removeprefix("v")
        self._base = f"/services/data/v{self.version}"
        self.query_path = f"{self._base}/query"

    async def organisation(self) -> str:
        """Sign in if need be, and return the organisation's id."""
        return (await self._session.token(sent=self._count)).organisation

    async def first_page(self, query: soql.Query, *, entity: Entity | None) -> Page:
        """Run a query. Raises the domain's errors."""
        path = f"{self._base}/queryAll" if query.everything else self.query_path
        return await self._page(f"{path}?q={lists.encode(query.text)}", entity=entity)

    async def next_page(self, url: str, *, entity: Entity | None) -> Page:
        """Follow a `nextRecordsUrl`.

        Raises:
            CursorLostError: Salesforce no longer knows it.
            SyncError: as `first_page`.
        """
        return await self._page(url, entity=entity)

    def pages(self, queries: Sequence[soql.Query], *, entity: Entity | None) -> AsyncGenerator[Sequence[Record], None]:
        """Yield the records of queries page by page, the next page fetched ahead. Raises the domain's errors."""
        return pages(
            queries, first=partial(self.first_page, entity=entity), following=partial(self.next_page, entity=entity)
        )

    async def describe(self, sage_object: str) -> SourceObject:
        """Ask for the fields of an object that the integration user may see. Raises the domain's errors."""
        answer = await self._get(f"{self._base}/sobjects/{quote(sage_object, safe='')}/describe", operation="describe")
        if answer.status == 200:
            return read_description(answer)
        code = read_refusal(answer).code
        if code in {"NOT_FOUND", "INVALID_TYPE"}:
            await self._check_version()
            raise missing_object(sage_object)
        raise await self._refusal(answer, entity=None)

    async def count(self, query: soql.Query) -> int:
        """Return the answer to a `COUNT()`. Raises the domain's errors."""
        return (await self.first_page(query, entity=None)).total

    async def job(
        self, method: str, path: str = "", *, body: object = None, accept: str = "application/json"
    ) -> Answer:
        """Send a request about query jobs of the Bulk API, and return whatever is answered.

        Sending it twice does no harm: a job that nobody knows of is forgotten by Salesforce after seven days.

        Args:
            method: POST, GET, PATCH, DELETE.
            path: below the jobs: the id of one, and what of it.
            body: what goes as JSON.
            accept: media type of the answer.
        """
        url = f"{self._base}/jobs/query{path}"
        content = None if body is None else msgspec.json.encode(body)
        return await self._authorised(method, url, operation="bulk", content=content, accept=accept)

    async def refused(self, answer: Answer) -> SyncError:
        """Return the domain's error for an answer to `job`."""
        return await self._refusal(answer, entity=None)

    async def _page(self, url: str, *, entity: Entity | None) -> Page:
        answer = await self._get(url, operation="query")
        if answer.status == 200:
            return read_page(answer)
        if read_refusal(answer).code == "INVALID_QUERY_LOCATOR":
            raise CursorLostError
        raise await self._refusal(answer, entity=entity)

    async def _refusal(self, answer: Answer, *, entity: Entity | None) -> SyncError:
        """Return the domain's error for an answer that refuses."""
        code = read_refusal(answer).code
        if code in {"NOT_FOUND", "UNSUPPORTED_API_VERSION"}:
            await self._check_version()
        if not code and answer.status in {301, 302, 303, 307, 308, 404}:
            return not_salesforce(answer.host)
        return explain(answer, entity=entity)

    async def _check_version(self) -> None:
        offered = await self.versions()
        if self.version not in offered:
            raise unknown_version(self.version, offered)

    async def _get(self, url: str, *, operation: str) -> Answer:
        return await self._authorised("GET", url, operation=operation)

    async def _authorised(
        self, method: str, url: str, *, operation: str, content: bytes | None = None, accept: str = "application/json"
    ) -> Answer:
        """Send a request with a token, and once more with a new one if that has expired."""
        headers = {**_HEADERS, "Accept": accept, **({} if content is None else {"Content-Type": "application/json"})}
        send = partial(self._send, method, url, operation=operation, headers=headers, content=content)
        token = await self._session.token(sent=self._count)
        answer = await send(token)
        if _is_expired(answer):
            token = await self._session.token(sent=self._count, refused=token)
            answer = await send(token)
            if _is_expired(answer):
                raise CredentialsRejected(
                    "Salesforce refuses the session that it has just given.",
                    remedy="In Setup check that the integration user may use the API from the operator's network"
                    " (Login IP Ranges, session policies).",
                )
        return answer

    async def _send(
        self, method: str, url: str, token: Token, *, operation: str, headers: dict[str, str], content: bytes | None
    ) -> Answer:
        answer = await self._client.send(
            method,
            url if "://" in url else token.instance_url + url,
            operation=operation,
            repeatable=True,
            headers={**headers, "Authorization": f"Bearer {token.value}"},
            content=content,
            sent=self._count,
        )
        if self.clock is None:
            self.clock = _date(answer)
        self._note_quota(answer)
        return answer

    def _note_quota(self, answer: Answer) -> None:
        """Note what is left of the day's requests: `Sforce-Limit-Info: api-usage=18/5000`, maybe among other limits."""
        usage = _USAGE.search(answer.headers.get("sforce-limit-info", ""))
        if usage and (allowed := int(usage[2])) > 0:
            self.quota_left = max(0.0, 1 - int(usage[1]) / allowed)
            metrics.set_quota(system=System.SAGE.value, host=answer.host, ratio=self.quota_left)

    async def versions(self) -> list[str]:
        """Return the API versions of the organisation, oldest first (needs no token and counts to no limit)."""
        answer = await self._client.send(
            "GET", "/services/data/", operation="versions", repeatable=True, sent=self._count
        )
        try:
            found = msgspec.json.decode(answer.content, type=list[_Version])
        except (msgspec.DecodeError, UnicodeDecodeError):
            return []
        return [one.version for one in found]

    def _count(self) -> None:
        self.requests += 1


class _Version(msgspec.Struct):
    version: str


def _is_expired(answer: Answer) -> bool:
    return answer.status == 401 and read_refusal(answer).code == "INVALID_SESSION_ID"


def _date(answer: Answer) -> datetime:
    """Return Salesforce's time of an answer, UTC, whole seconds."""
    moment = http_date(answer.headers.get("date", ""))
    if moment is None:
        raise Unavailable(System.SAGE, f"Sage ({answer.host}) does not say what time it is (no Date header).")
    return moment


_USAGE = re.compile(r"(?<![\w-])api-usage\s*=\s*(\d+)\s*/\s*(\d+)")
