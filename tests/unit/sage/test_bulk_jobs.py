import asyncio
from collections import deque
from contextlib import aclosing

import msgspec
import pytest

from sage_operator.sage import bulk
from sage_operator.sage.soql import Query
from sage_operator.sync.errors import SyncError, System, Unavailable
from sage_operator.transport import Answer

QUERY = Query(sage_object="Account", columns=("Id", "Name"), ordered=False)


def told(state: str, **others: str) -> Answer:
    """Salesforce tells of the job."""
    return answer(200, msgspec.json.encode({"id": "750x", "state": state, **others}))


def answer(status: int, content: bytes = b"", **headers: str) -> Answer:
    """Salesforce answers."""
    return Answer(status=status, headers=headers, content=content, system=System.SAGE, host="acme.example")


def rows(text: str, *, count: int, locator: str = "null") -> Answer:
    """Salesforce sends a part of the result."""
    return answer(200, text.encode(), **{"sforce-locator": locator, "sforce-numberofrecords": str(count)})


class Salesforce:
    """Answers requests about jobs in turn, and remembers them."""

    def __init__(self, *answers: Answer | SyncError) -> None:
        self.answers = deque(answers)
        self.asked: list[str] = []
        self.slept: list[float] = []
        self.waited = 0

    async def job(self, method: str, path: str = "", *, body: object = None, accept: str = "") -> Answer:
        """Answer one request."""
        assert (accept == "text/csv") == ("/results" in path)
        assert (body is not None) == (method in {"POST", "PATCH"})
        self.asked.append(f"{method} {path}")
        await asyncio.sleep(0)
        if method in {"DELETE", "PATCH"} and not self.answers:
            return answer(204)
        given = self.answers.popleft()
        if isinstance(given, SyncError):
            raise given
        return given

    async def refused(self, given: Answer) -> SyncError:
        """Say what a refusal means."""
        return Unavailable(System.SAGE, f"answers {given.status}")

    async def sleep(self, seconds: float) -> None:
        """Remember a pause."""
        self.slept.append(seconds)

    async def read(self) -> list[list[str]]:
        """Return all rows of a job."""
        found: list[list[str]] = []
        async with aclosing(bulk.result(self, QUERY, sleep=self.sleep)) as parts:  # type: ignore[arg-type]
            async for part in parts:
                if part.rows:
                    assert part.header == ["Id", "Name"]
                found.extend(map(list, part.rows))
                self.waited += not part.rows
        return found


async def test_a_job_from_end_to_end() -> None:
    """Expect the job made, asked after at growing intervals with a sign of life, read page by page and deleted."""
    sage = Salesforce(
        told("UploadComplete"), told("InProgress"), told("InProgress"), told("JobComplete"),
        rows('"Id","Name"\n"1","A ""q"", é\nb"\n', count=1, locator="MTA"), rows('"Id","Name"\n"2",""\n', count=1),
    )  # fmt: skip
    assert await sage.read() == [["1", 'A "q", é\nb'], ["2", ""]]
    assert sage.asked == [
        "POST ", *["GET /750x"] * 3, "GET /750x/results?maxRecords=10000",
        "GET /750x/results?maxRecords=10000&locator=MTA", "DELETE /750x",
    ]  # fmt: skip
    assert sage.slept == [1.0, 1.5, 2.25]
    assert sage.waited == 3


@pytest.mark.parametrize("status", [400, 403, 404, 405])
async def test_who_runs_no_jobs(status: int) -> None:
    """Expect any refusal of a job to be told as such, with Salesforce's code if it has one."""
    with pytest.raises(bulk.BulkRefusedError, match="FEATURE"):
        await Salesforce(answer(status, b'[{"errorCode":"FEATURE","message":"no"}]')).read()
    with pytest.raises(bulk.BulkRefusedError, match=str(status)):
        await Salesforce(answer(status, b"<html>")).read()


@pytest.mark.parametrize("state", ["Failed", "Aborted"])
async def test_a_job_that_fails(state: str) -> None:
    """Expect the reason told and the job deleted."""
    sage = Salesforce(told("UploadComplete"), told(state, errorMessage="too much"))
    with pytest.raises(bulk.BulkRefusedError, match=f"{state}: too much"):
        await sage.read()
    assert sage.asked[-1] == "DELETE /750x"


async def test_a_job_that_takes_for_ever() -> None:
    """Expect it given up after twenty minutes, stopped and deleted."""
    sage = Salesforce(*[told("InProgress")] * 100)
    with pytest.raises(bulk.BulkRefusedError, match="not complete after 20 minutes"):
        await sage.read()
    assert 20 * 60 <= sum(sage.slept) < 21 * 60
    assert max(sage.slept) == 30
    assert len(sage.asked) < 60


async def test_an_unfinished_job_is_stopped_before_it_is_deleted() -> None:
    """Expect an error on the way to leave no job behind."""
    refused = answer(400, b'[{"errorCode":"INVALIDJOBSTATE"}]')
    sage = Salesforce(told("UploadComplete"), Unavailable(System.SAGE, "gone"), refused)
    with pytest.raises(Unavailable, match="gone"):
        await sage.read()
    assert sage.asked[-3:] == ["DELETE /750x", "PATCH /750x", "DELETE /750x"]


async def test_a_job_that_can_t_be_deleted_is_no_failure() -> None:
    """Expect the rows, though Salesforce does not answer any more."""
    sage = Salesforce(told("JobComplete"), rows('"Id","Name"\n', count=0), Unavailable(System.SAGE, "gone"))
    assert await sage.read() == []


async def test_who_is_cancelled_leaves_no_job() -> None:
    """Expect the job deleted, and nothing left under way, when the reader is cancelled while it waits."""
    sage = Salesforce(told("UploadComplete"))
    waits = asyncio.Event()

    async def wait(_: float) -> None:
        waits.set()
        await asyncio.Event().wait()

    sage.sleep = wait  # type: ignore[method-assign]
    reading = asyncio.create_task(sage.read())
    await asyncio.wait_for(waits.wait(), 5)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert sage.asked[-1] == "DELETE /750x"


async def test_who_leaves_early_leaves_nothing() -> None:
    """Expect the page under way cancelled and the job deleted."""
    sage = Salesforce(
        told("JobComplete"), rows('"Id","Name"\n"1","A"\n', count=1, locator="MTA"), rows('"Id"\n', count=0)
    )
    async with aclosing(bulk.result(sage, QUERY, sleep=sage.sleep)) as parts:  # type: ignore[arg-type]
        await anext(parts)
    assert sage.asked[-1] == "DELETE /750x"
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize(
    "odd",
    [
        rows('"Id","Name"\n"1","A"\n', count=2),
        rows('"Id","Name"\n"1","A', count=1),
        answer(200, b'"Id","Name"\n"1","\xff"\n'),
    ],
)
async def test_half_a_result(odd: Answer) -> None:
    """Expect fewer rows than told, a quote without end, and what is no text to be an error."""
    with pytest.raises(Unavailable, match="something that is none"):
        await Salesforce(told("JobComplete"), odd).read()


async def test_refusals_on_the_way() -> None:
    """Expect a refusal after the job was made to be Sage's error, and an odd answer too."""
    with pytest.raises(Unavailable, match="answers 500"):
        await Salesforce(told("InProgress"), answer(500)).read()
    with pytest.raises(Unavailable, match="answers 404"):
        await Salesforce(told("JobComplete"), answer(404)).read()
    with pytest.raises(Unavailable, match="something that is none"):
        await Salesforce(answer(200, b"<html>")).read()
