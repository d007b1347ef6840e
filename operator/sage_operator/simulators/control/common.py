"""Control calls that both simulators have: faults, clock, counters, late commits, reset."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from sage_operator.simulators.clock import ClockMove, ClockSetting
from sage_operator.simulators.control.routing import route, route_with
from sage_operator.simulators.faults import Rule
from sage_operator.simulators.pipeline import Pipeline


def common_routes(pipeline: Pipeline, reset: Callable[[], None]) -> list[Route]:
    """Return the routes; `reset` restores the simulator's own state."""

    def add_fault(_request: Request, rule: Rule) -> dict[str, int]:
        return {"id": pipeline.faults.add(rule)}

    def set_clock(_request: Request, setting: ClockSetting) -> dict[str, Any]:
        pipeline.clock.setting = setting
        return clock()

    def move_clock(_request: Request, move: ClockMove) -> dict[str, Any]:
        pipeline.clock.move(move)
        return clock()

    def clock() -> dict[str, Any]:
        return {"now": pipeline.clock.now(), "setting": pipeline.clock.setting}

    async def release(_request: Request) -> dict[str, int]:
        return {"released": await pipeline.release_commits()}

    async def reset_all(_request: Request) -> None:
        await pipeline.reset()
        reset()

    return [
        route_with("POST", "faults", Rule, add_fault),
        route("GET", "faults", lambda _: pipeline.faults.report()),
        route("DELETE", "faults", lambda _: pipeline.faults.clear()),
        route("DELETE", "faults/{id:int}", lambda request: pipeline.faults.remove(request.path_params["id"])),
        route("GET", "clock", lambda _: clock()),
        route_with("PUT", "clock", ClockSetting, set_clock),
        route_with("POST", "clock/move", ClockMove, move_clock),
        route("GET", "counters", lambda _: pipeline.counters.report(pipeline.pending_commits)),
        route("DELETE", "counters", lambda _: pipeline.counters.reset()),
        route("POST", "commits/release", release),
        route("POST", "reset", reset_all),
    ]
