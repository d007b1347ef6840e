"""What the operator sends and what the simulator answers, held against what ForceManager's vendor has published."""

import copy
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from aiohttp import ClientSession, web

from sage_operator.forcemanager import Keys
from sage_operator.sync.entities import Entity
from sage_operator.sync.records import OutcomeKind, WriteItem
from support.contract import Contract, Departure, Exchange

INTEGER, TEXT, NUMBER = {"type": "integer", "format": "int32"}, {"type": "string"}, {"type": "number"}
MOMENT = {"type": "string", "format": "date-time"}
OWN = {"^Z_": {}}
PAGES = ["page", "order"]
SIGNED_IN = ["x-session-key"]
COUNT = ["count", "x-fm-entity-count"]
REFUSED = {"$ref": "#/definitions/Error"}
SALE = {"accountExtId": TEXT, "accountId": INTEGER, "date": TEXT, "extId": TEXT, "salesRepExtId": TEXT, "total": NUMBER}
REFERENCE = {"type": "object", "properties": {"id": INTEGER, "value": TEXT}}


def reference(name: str) -> dict[str, str]:
    """Refer to a definition."""
    return {"$ref": f"#/definitions/{name}"}


def operation(answer: Any, body: Any = None, *, query: Any = (), headers: Any = SIGNED_IN) -> dict[str, Any]:
    """Describe a call that the published document lacks."""
    described = {"query": list(query), "headers": list(headers), "answers": {"200": answer, "400": REFUSED}}
    return described if body is None else {**described, "body": body}


def bulk(model: Any, keys: list[str], required: list[str]) -> dict[str, Any]:
    """Describe a bulk call: what an item consists of, and the answer for each."""
    items = {"guid": TEXT, "id": INTEGER, "data": {**model, "required": required}}
    item = {"type": "object", "properties": {key: items[key] for key in keys}, "required": keys}
    told = {"type": "object", "properties": {"code": INTEGER, "guid": TEXT, "id": INTEGER, "message": TEXT}}
    return operation({"type": "array", "items": told}, {"type": "array", "items": item})


def departures() -> list[Departure]:
    """List the places where something else is followed than the published document, and why.

    Besides, everywhere: fields without a value are null in answers, and null clears in requests, as samples of the
    vendor and the types in `/{resource}/schema` (`["string", "null"]`) show.
    """
    found: list[Departure] = []

    def depart(*at: str, value: Any = None, why: str) -> None:
        found.append(Departure(at=at, value=value, why=why))

    why = "Own fields stand beside the others; `customFields` is how the published connector shows them."
    for entity in ("Account", "Contact"):
        depart("definitions", f"{entity}Model", "patternProperties", value=OWN, why=why)
        depart("definitions", f"{entity}Response", "patternProperties", value=OWN, why=why)
        why_deleted = "Lists have deleted rows; the vendor's own client tells them by this field."
        depart("definitions", f"{entity}Response", "properties", "deleted", value={"type": "boolean"}, why=why_deleted)
    why = "A misprint in the published document: it is written as `lastName`."
    depart("definitions", "ContactResponse", "properties", "lasttName", why=why)
    depart("definitions", "ContactResponse", "properties", "lastName", value=TEXT, why=why)
    why = "Read as it is written."
    depart("definitions", "ContactResponse", "properties", "useCompanyAddress", value={"type": "boolean"}, why=why)
    why = "Both `Message` and `message` are documented."
    said = {"type": "object", "patternProperties": {"^[Mm]essage$": TEXT}}
    for kind, fields in (("Post", {"id": INTEGER}), ("Put", {}), ("Delete", {})):
        either = {**said, "properties": fields, "minProperties": len(fields) + 1}
        depart("definitions", f"{kind}Response", value=either, why=why)
    why = "The published shape is the connector's own; samples of the service have `statusCode` and seldom a code."
    depart("definitions", "Error", "properties", "statusCode", value=INTEGER, why=why)
    depart("definitions", "Error", "optional", value=["code"], why=why)
    why = "Contacts have no branch in any model; the published document demands one all the same."
    needed = ["firstName", "lastName", "accountId", "salesRepId"]
    depart("operations", "POST /contacts", "body", "required", value=needed, why=why)
    why = "The vendor's own script sends and reads it so; what is published is what the script makes of it."
    fields = dict.fromkeys(("key", "label", "help_text", "type"), TEXT) | {
        "choices": {},
        "list": {"type": ["boolean", "null"]},
    }
    fields |= {key: {"type": "boolean"} for key in ("required", "required_via_api")}
    entity_named = {"type": "object", "properties": {"entity": TEXT}, "required": ["entity"]}
    depart("operations", "POST /procedure/zapier_schema", "body", value=entity_named, why=why)
    listed = {"type": "array", "items": {"type": "object", "properties": fields}}
    depart("operations", "POST /procedure/zapier_schema", "answers", "200", value=listed, why=why)
    why = "The vendor's documentation, for all lists; the published document has it for records and users alone."
    for name in ("branches", "countries", "currencies", "accountTypes", "accountStatuses", "accountSegments",
                 "contactTypes"):  # fmt: skip
        depart("operations", f"GET /{name}", "query", value=PAGES, why=why)
        depart("operations", f"GET /{name}", "headers", value=[*SIGNED_IN, *COUNT], why=why)
    why = "The session's key, which the published connector's script adds; and the newer name of `count`."
    for name in ("accounts", "contacts"):
        for call in (f"GET /{name}/{{id}}", f"POST /{name}", f"PUT /{name}/{{id}}", f"DELETE /{name}/{{id}}"):
            depart("operations", call, "headers", value=SIGNED_IN, why=why)
    for name in ("accounts", "contacts", "users"):
        depart("operations", f"GET /{name}", "headers", value=[*SIGNED_IN, *COUNT], why=why)
    depart("operations", "POST /procedure/zapier_schema", "headers", value=SIGNED_IN, why=why)

    why = "Not in the published document: the published connector's script signs in by itself."
    keys = {"type": "object", "properties": {"username": TEXT, "password": TEXT}, "required": ["username", "password"]}
    token = {"type": "object", "properties": {"token": TEXT}}
    depart("operations", "POST /login", value=operation(token, keys, headers=()), why=why)
    why = "Not in the published document, but in the vendor's documentation."
    schema = {"type": "object", "properties": {"type": TEXT, "required": {"type": "array"}, "properties": {}}}
    model: dict[str, Any] = {"type": "object", "properties": SALE}
    depart("definitions", "SaleModel", value=model, why=why)
    stamps = {f"date{verb}": MOMENT for verb in ("Created", "Updated", "Deleted")}
    stamps |= {f"salesRepId{verb}": INTEGER for verb in ("Created", "Updated", "Deleted")}
    read = {**SALE, **stamps, "id": INTEGER, "accountId": REFERENCE, "salesRepId": REFERENCE, "date": MOMENT}
    read["deleted"] = {"enum": [0, 1]}
    depart("definitions", "SaleResponse", value={"type": "object", "properties": read}, why=why)
    sales = {
        "GET /sales": operation(
            {"type": "array", "items": reference("SaleResponse")}, query=["where", *PAGES], headers=[*SIGNED_IN, *COUNT]
        ),
        "POST /sales": operation(reference("PostResponse"), {**reference("SaleModel"), "required": list(SALE)}),
        "GET /sales/{id}": operation(reference("SaleResponse")),
        "PUT /sales/{id}": operation(reference("PutResponse"), reference("SaleModel")),
        "DELETE /sales/{id}": operation(reference("DeleteResponse")),
    }
    for call, described in sales.items():
        depart("operations", call, value=described, why=why)
    mandatory = {
        "accounts": ("AccountModel", ["branchId", "name", "salesRepId1"]),
        "contacts": ("ContactModel", needed),
        "sales": ("SaleModel", list(SALE)),
    }
    for name, (definition, required) in mandatory.items():
        depart("operations", f"GET /{name}/schema", value=operation(schema), why=why)
        made = bulk(reference(definition), ["guid", "data"], required)
        depart("operations", f"POST /{name}/bulk", value=made, why=why)
        changed = bulk(reference(definition), ["guid", "id", "data"], [])
        depart("operations", f"PUT /{name}/bulk", value=changed, why=why)
        depart("operations", f"DELETE /{name}/bulk", value=bulk({}, ["guid", "id"], []), why=why)
    return found


@pytest.fixture
async def heard(crm: Any, access: Any) -> AsyncIterator[tuple[Any, list[Exchange]]]:
    """A run whose requests go through a listener, and what it hears."""
    exchanges: list[Exchange] = []
    decode = msgspec.json.Decoder(float_hook=Decimal).decode

    async def listen(request: web.Request) -> web.Response:
        sent = await request.read()
        path = request.rel_url.raw_path_qs.removeprefix("/api/v4")
        async with client.request(
            request.method, crm.server.url + path, data=sent, headers=request.headers
        ) as response:
            got = await response.read()
        exchange = Exchange(
            method=request.method,
            path=request.path.removeprefix("/api/v4"),
            query=dict(request.query),
            headers=dict(request.headers),
            body=decode(sent) if sent else None,
            status=response.status,
            answer=decode(got),
        )
        exchanges.append(exchange)
        return web.Response(status=response.status, body=got)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", listen)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/v4"
    keys = Keys(public_key=crm.server.public_key, private_key=crm.server.private_key)
    async with ClientSession() as client:
        yield access.connect(url=url, keys=keys, requests_per_second=1000), exchanges
    await runner.cleanup()


def records(crm: Any, account_id: int = 0) -> dict[Entity, dict[str, Any]]:
    """Return what a record of each kind is made of, with as many fields as there are kinds of values."""
    (account,) = crm.make(1, Z_Outstanding=Decimal("12.50"), readOnly=True, countryId=68, latitude=Decimal("41.5"))
    user = account.data["salesRepId1"]
    return {
        Entity.ACCOUNTS: {**account.data, "typeId": 1, "statusId": 2, "segmentId": 1, "rateId": 1, "comment": "x"},
        Entity.CONTACTS: {
            "firstName": "Ana", "lastName": "Ruiz", "accountId": account_id, "salesRepId": user, "typeId": 1,
            "birthday": "1980-02-29T00:00:00Z", "useCompanyAddress": True, "Z_Department": "IT", "gender": 1,
        },
        Entity.SALES: {"accountId": account_id, "accountExtId": "a0", "date": "2026-01-31", "salesRepExtId": "",
                       "total": Decimal("12.50")},
    }  # fmt: skip


async def live(crm: Any, target: Any) -> None:
    """Do everything that a run does, with records that are taken and records that are refused."""
    await target.users()
    for name in ("branches", "countries", "currencies", "accountTypes", "accountStatuses", "accountSegments",
                 "contactTypes"):  # fmt: skip
        await target.value_list(name)
    account_id = 0
    for entity in Entity:
        await target.schema(entity, fresh=True)  # the procedure too
        data = records(crm, account_id)[entity]
        items = [WriteItem(key=f"{entity}{n}", data={**data, "extId": f"{entity}{n}"}) for n in range(4)]
        told = await crm.tell(target.create(entity, items[:3]))
        alone = await crm.tell(target.create(entity, items[3:]))
        ids = {key: outcome.target_id for key, outcome in (told.outcomes | alone.outcomes).items()}
        account_id = account_id or ids[f"{entity}0"]
        assert len(await target.find(entity, [items[0].key, "none"])) == 1
        change = {"comment": None} if entity is not Entity.SALES else {"total": 7, "date": "2026-02-01"}
        changes = [WriteItem(key=key, target_id=i, data=change) for key, i in ids.items()]
        for some in (changes[:3], changes[3:]):
            assert (await crm.tell(target.update(entity, some))).kinds == {OutcomeKind.DONE: len(some)}
        gone = [*changes[1:], WriteItem(key="gone", target_id=4711, data={})]
        for some in (gone[:2], gone[2:3], gone[3:]):
            assert (await crm.tell(target.delete(entity, some))).kinds == {OutcomeKind.DONE: len(some)}
        assert [row.ext_id async for page in target.index(entity) for row in page] == [items[0].key]


def complaints(exchanges: Iterable[Exchange], followed: Iterable[Departure]) -> Iterator[str]:
    """Tell all complaints."""
    contract = Contract(followed)
    return (complaint for exchange in exchanges for complaint in contract.complaints(exchange))


async def test_requests_and_answers_are_as_published(crm: Any, heard: tuple[Any, list[Exchange]]) -> None:
    """But for the places that are listed; each of those is needed."""
    target, exchanges = heard
    crm.control.configure(message_key="Message")
    await live(crm, target)
    crm.control.configure(message_key="message")
    assert (await crm.tell(target.create(Entity.ACCOUNTS, crm.make(1)))).kinds == {OutcomeKind.DONE: 1}
    assert list(complaints(exchanges, departures())) == []
    assert {exchange.status for exchange in exchanges} == {200, 400}
    brief = [replace(e, answer=e.answer[:3]) if isinstance(e.answer, list) else e for e in exchanges]
    listed = departures()
    for place, departure in enumerate(listed):
        without = listed[:place] + listed[place + 1 :]
        try:
            needed = any(complaints(brief, without))
        except KeyError:  # others build on it
            continue
        assert needed, f"nothing needs {departure}"


SPOILINGS: dict[str, Callable[[dict[str, Any]], object]] = {
    "a field is missing": lambda row: row.pop("email"),
    "a field is not described": lambda row: row.update(colour="red"),
    "a number is a text": lambda row: row.update(id=str(row["id"])),
    "a reference is a number": lambda row: row.update(branchId=16),
    "a reference has another shape": lambda row: row["branchId"].update(description="Madrid"),
    "a boolean is a number": lambda row: row.update(readOnly=1),
    "a time has no zone": lambda row: row.update(dateCreated="2026-01-31T10:00:00"),
    "a time is none": lambda row: row.update(dateCreated="yesterday"),
    "an id is too large": lambda row: row.update(id=2**31),
}


@pytest.mark.parametrize("spoil", SPOILINGS.values(), ids=SPOILINGS)
async def test_answers_that_deviate_are_found(
    crm: Any, heard: tuple[Any, list[Exchange]], spoil: Callable[[dict[str, Any]], object]
) -> None:
    """Whatever changes in the answer of the simulator is a complaint, in lists and single records alike."""
    target, exchanges = heard
    await crm.tell(crm.connect().create(Entity.ACCOUNTS, crm.make(1)))
    assert await target.find(Entity.ACCOUNTS, ["a0"])
    spoiled = [copy.deepcopy(one) for one in exchanges if one.path == "/accounts" and one.answer]
    assert spoiled
    assert list(complaints(spoiled, departures())) == []
    for one in spoiled:
        spoil(one.answer[0])
    assert all(any(complaints([one], departures())) for one in spoiled)


@pytest.mark.parametrize(
    "body",
    [
        {"name": "n", "salesRepId1": 1},
        {"name": 5, "branchId": 16, "salesRepId1": 1},
        {"name": None, "branchId": 16, "salesRepId1": 1},
        {"name": "n", "branchId": {"id": 16}, "salesRepId1": 1},
        {"name": "n", "branchId": 16, "salesRepId1": 1, "colour": "red"},
    ],
)
def test_requests_that_deviate_are_found(body: dict[str, Any]) -> None:
    """A create that lacks a mandatory field, has a wrong type or an unknown field."""
    good = {"name": "n", "branchId": 16, "salesRepId1": 1, "comment": None, "Z_Own": 1}
    answer = {"Message": "entity created", "id": 1}

    def told(body: Any, **query: str) -> list[str]:
        made = Exchange(method="POST", path="/accounts", query=query, headers={}, body=body, status=200, answer=answer)
        return list(complaints([made], departures()))

    assert told(good) == []
    assert told(body)
    assert told(good, dryRun="true") == ["POST /accounts: unknown query dryRun"]
