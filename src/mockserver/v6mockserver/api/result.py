"""
Routes of results: runs, seen from what came out of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import fields

from v6mockserver.api import _query as query
from v6mockserver.api._answers import AnswerSchema, PageOf, link, moment, number, text
from v6mockserver.api._links import to_one
from v6mockserver.api._paging import page
from v6mockserver.api._routes import ANYBODY_LOGGED_IN, Answer, Call, Routes
from v6mockserver.state import entities
from v6mockserver.state import run as runs

if TYPE_CHECKING:
    from v6mockserver.state.entities import Run
    from v6mockserver.state.world import World

routes = Routes("result")


class ResultAnswer(AnswerSchema):
    """
    A result.
    """

    noun = "result"

    id = number()
    result = text(allow_none=True)
    cleanup_at = moment()
    blob_storage_used = fields.Boolean()
    run = link()
    task = link()


def render(world: World, row: Run) -> dict[str, Any]:
    """
    Return the JSON object of a result; its id is the run's.
    """
    body = {
        "id": row.id,
        "result": row.result,
        "cleanup_at": row.cleanup_at,
        "blob_storage_used": row.blob_storage_used,
        "run": to_one(world, "run", row.id),
        "task": to_one(world, "task", row.task_id),
    }
    return world.release.shown("result", body)


@routes.add(
    "GET",
    "/result",
    callers=ANYBODY_LOGGED_IN,
    query=query.paged(entities.Run, **query.RUNS),
    answers={200: PageOf(ResultAnswer)},
)
def list_results(call: Call) -> Answer:
    """
    List results, newest first. Server quirk: a sort is read and changes nothing (4.0 to 4.15).
    """
    visible = runs.visible(call.world, call.caller, call.parameters)
    return page(call, visible, call.renderer(render), sortable=entities.Run, keeps_order=True)


@routes.add("GET", "/result/<int:id_>", callers=ANYBODY_LOGGED_IN, answers={200: ResultAnswer})
def get_result(call: Call, id_: int) -> Answer:
    """
    View a result.
    """
    return 200, render(call.world, runs.view(call.world, call.caller, id_))
