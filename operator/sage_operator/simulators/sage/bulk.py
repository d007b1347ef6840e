"""Query jobs of the Bulk API 2.0: made, asked after until they are complete, read as CSV, deleted."""

import base64
import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import Any, Literal

import msgspec

from sage_operator.simulators.clock import Clock
from sage_operator.simulators.sage.answers import refusal
from sage_operator.simulators.sage.organisation import Organisation
from sage_operator.simulators.soql import SoqlError, execute, parse
from sage_operator.simulators.soql.fields import Resolved, object_type, resolve
from sage_operator.simulators.soql.ids import make_id
from sage_operator.simulators.soql.parse import moment
from sage_operator.simulators.wire import Answer, Call, Row

_DELIMITERS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
_LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
_CHUNK = 500
"""So many rows are written at once, between other requests."""


class NewJob(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The body of the request that makes a job."""

    operation: Literal["query", "queryAll"]
    query: str
    content_type: Literal["CSV"] = "CSV"
    column_delimiter: Literal["BACKQUOTE", "CARET", "COMMA", "PIPE", "SEMICOLON", "TAB"] = "COMMA"
    line_ending: Literal["LF", "CRLF"] = "LF"


class _Change(msgspec.Struct, frozen=True):
    state: Literal["Aborted"]


@dataclass(slots=True, kw_only=True)
class _Job:
    """A job with the rows that its query found when it was made."""

    id: str
    organisation: Organisation
    base: str
    new: NewJob
    object: str
    created: str
    rows: Sequence[Row]
    columns: Sequence[tuple[str, Resolved]] = field(default=())
    state: str = "UploadComplete"
    polls: int = 0


class Jobs:
    """All jobs of all organisations."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._jobs: dict[str, _Job] = {}
        self._made = 0

    def forget(self) -> None:
        """Drop all jobs."""
        self._jobs.clear()

    def create(self, call: Call, organisation: Organisation, base: str) -> Answer:
        """Answer `POST …/jobs/query`. Raises `Refusal`."""
        try:
            new = msgspec.json.decode(call.body, type=NewJob)
        except msgspec.MsgspecError as error:
            raise refusal(400, "JSON_PARSER_ERROR", str(error)) from None
        now = self._clock.now()
        try:
            _refuse_unsupported(new.query)
            deleted = new.operation == "queryAll"
            found = execute(new.query, organisation, calendar=organisation.calendar(now), deleted=deleted)
            query = parse(new.query)
            kind = object_type(organisation, query.object, new.query, query.object_position)
            columns = [_column(resolve(path, kind, organisation, new.query)) for path in query.fields]
        except SoqlError as error:
            raise refusal(400, error.code, error.message) from None
        self._made += 1
        organisation.used_jobs += 1
        job = _Job(
            id=make_id("750", organisation.number, self._made),
            organisation=organisation,
            base=base,
            new=new,
            object=kind.name,
            created=moment(now),
            rows=found.rows,
            columns=columns,
        )
        self._jobs[job.id] = job
        return Answer.json(self._told(job))

    def info(self, call: Call, organisation: Organisation, _base: str) -> Answer:
        """Answer `GET …/jobs/query/{id}`: a job makes progress whenever it is asked after."""
        job = self._job(call, organisation)
        if job.state in {"UploadComplete", "InProgress"}:
            job.polls += 1
            settings = organisation.settings
            done = "JobComplete" if settings.bulk_failure is None else "Failed"
            job.state = done if job.polls > settings.bulk_polls else "InProgress"
        return Answer.json(self._told(job))

    def every(self, _call: Call, organisation: Organisation, _base: str) -> Answer:
        """Answer `GET …/jobs/query`."""
        jobs = [self._told(job) for job in self._jobs.values() if job.organisation is organisation]
        return Answer.json({"done": True, "nextRecordsUrl": None, "records": jobs})

    def abort(self, call: Call, organisation: Organisation, _base: str) -> Answer:
        """Answer `PATCH …/jobs/query/{id}`."""
        job = self._job(call, organisation)
        try:
            wanted = msgspec.json.decode(call.body, type=_Change)
        except msgspec.MsgspecError as error:
            raise refusal(400, "JSON_PARSER_ERROR", str(error)) from None
        if job.state not in {"UploadComplete", "InProgress"}:
            raise refusal(400, "INVALIDJOBSTATE", f"A job in the state {job.state} can't be aborted")
        job.state = wanted.state
        return Answer.json(self._told(job))

    def delete(self, call: Call, organisation: Organisation, _base: str) -> Answer:
        """Answer `DELETE …/jobs/query/{id}`."""
        job = self._job(call, organisation)
        if job.state in {"UploadComplete", "InProgress"}:
            raise refusal(400, "INVALIDJOBSTATE", "A job can only be deleted when it is complete, aborted or failed")
        del self._jobs[job.id]
        return Answer(status=204)

    def results(self, call: Call, organisation: Organisation, base: str) -> Answer:
        """Answer `GET …/jobs/query/{id}/results` with a stream of CSV; the locator `null` ends it."""
        job = self._job(call, organisation)
        if base != job.base:
            message = "The API version of the results must be that of the job"
            raise refusal(409, "API_ERROR", message)
        if job.state != "JobComplete":
            raise refusal(400, "INVALIDJOBSTATE", f"The job is not complete but {job.state}")
        start = _offset(call.query.get("locator"), len(job.rows))
        asked = call.query.get("maxRecords", "")
        size = min(int(asked), organisation.settings.bulk_page) if asked.isdigit() and int(asked) else None
        end = min(start + (size or organisation.settings.bulk_page), len(job.rows))
        headers = {
            "content-type": "text/csv",
            "sforce-numberofrecords": str(end - start),
            "sforce-locator": "null" if end == len(job.rows) else base64.b64encode(str(end).encode()).decode(),
        }
        return Answer(headers=headers, stream=_csv(job, start, end))

    def _job(self, call: Call, organisation: Organisation) -> _Job:
        job = self._jobs.get(call.parameters["job"])
        if job is None or job.organisation is not organisation:
            raise refusal(404, "NOT_FOUND", "The requested resource does not exist")
        return job

    def _told(self, job: _Job) -> dict[str, Any]:
        failure = {"errorMessage": job.organisation.settings.bulk_failure} if job.state == "Failed" else {}
        return {
            "id": job.id,
            "operation": job.new.operation,
            "object": job.object,
            "createdById": job.organisation.user_id,
            "createdDate": job.created,
            "systemModstamp": moment(self._clock.now()),
            "state": job.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": Decimal(job.base.rpartition("/v")[2]),
            "jobType": "V2Query",
            "lineEnding": job.new.line_ending,
            "columnDelimiter": job.new.column_delimiter,
            "numberRecordsProcessed": len(job.rows) if job.state == "JobComplete" else 0,
            "retries": 0,
            "totalProcessingTime": 0,
            "isPkChunkingSupported": True,
            **failure,
        }


def _refuse_unsupported(text: str) -> None:
    query = parse(text)
    if not query.fields:
        raise SoqlError("API_ERROR", "Aggregate queries are not supported in Bulk Query")
    if query.offset:
        raise SoqlError("API_ERROR", "OFFSET is not supported in Bulk Query")


def _column(found: Resolved) -> tuple[str, Resolved]:
    if found.field.type == "address":
        raise SoqlError("API_ERROR", "Selecting compound data not supported in Bulk Query")
    return ".".join([*(parent.relationship or "" for parent in found.parents), found.field.name]), found


def _offset(locator: str | None, most: int) -> int:
    if not locator:
        return 0
    try:
        offset = int(base64.b64decode(locator, validate=True))
    except ValueError:
        offset = -1
    if not 0 < offset < most:
        raise refusal(400, "API_ERROR", f"invalid locator: {locator}")
    return offset


def _csv(job: _Job, start: int, end: int) -> Iterator[bytes]:
    """Write rows: every value in quotes, null as an empty one, names of the fields in the first line of each page."""
    buffer = io.StringIO()
    writer = csv.writer(
        buffer,
        delimiter=_DELIMITERS[job.new.column_delimiter],
        lineterminator=_LINE_ENDINGS[job.new.line_ending],
        quoting=csv.QUOTE_ALL,
    )
    writer.writerow([name for name, _ in job.columns])
    getters: list[Callable[[Row], Any]] = [found.get for _, found in job.columns]
    rows = (job.rows[number] for number in range(start, end))
    while True:
        lines = [[_text(get(row)) for get in getters] for row in islice(rows, _CHUNK)]
        writer.writerows(lines)
        if chunk := buffer.getvalue():
            yield chunk.encode()
        buffer.seek(0)
        buffer.truncate()
        if len(lines) < _CHUNK:
            return


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else value
