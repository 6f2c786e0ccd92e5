"""
Routes of runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import Schema, fields, validate

from v6mockserver.api import _query as query
from v6mockserver.api import task
from v6mockserver.api._answers import AnswerSchema, OneOf, PageOf, link, moment, number, text
from v6mockserver.api._fields import Moment
from v6mockserver.api._links import to_one
from v6mockserver.api._paging import page
from v6mockserver.api._routes import ANYBODY_LOGGED_IN, NODE, Answer, Call, Routes
from v6mockserver.state import entities, run_states
from v6mockserver.state import run as runs
from v6mockserver.state.lookup import existing

if TYPE_CHECKING:
    from v6mockserver.state.entities import Run
    from v6mockserver.state.world import World

routes = Routes("run")


class RunSchema(Schema):
    """
    What a node reports on a run.
    """

    started_at = Moment()
    finished_at = Moment()
    status = fields.String(validate=validate.OneOf(run_states.STATUSES))
    result = fields.String()
    log = fields.String()


class RunNodeAnswer(AnswerSchema):
    """
    The node that a run is for; empty where there is none any more.
    """

    optional = ("id", "ip", "status", "name")

    id = number()
    ip = text(allow_none=True)
    status = text(allow_none=True)
    name = text()


class RunPortAnswer(AnswerSchema):
    """
    A port that a running algorithm offers.
    """

    id = number()
    port = number()
    label = text(allow_none=True)


class RunAnswer(AnswerSchema):
    """
    A run.
    """

    noun = "run"

    id = number()
    status = fields.String(validate=validate.OneOf(run_states.STATUSES))
    input = text(allow_none=True)
    log = text(allow_none=True)
    assigned_at = moment()
    started_at = moment()
    finished_at = moment()
    cleanup_at = moment()
    blob_storage_used = fields.Boolean()
    organization = link()
    task = OneOf(link(), fields.Nested("TaskInRunAnswer"))
    results = link()
    node = fields.Nested(RunNodeAnswer)
    ports = fields.List(fields.Nested(RunPortAnswer))


INCLUDED = {"include": query.words("task")}


def render(world: World, row: Run) -> dict[str, Any]:
    """
    Return the JSON object of a run.
    """
    node = runs.node_of(world, row)
    body = {
        "id": row.id,
        "status": row.status,
        "input": row.input,
        "log": row.log,
        "assigned_at": row.assigned_at,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "cleanup_at": row.cleanup_at,
        "blob_storage_used": row.blob_storage_used,
        "organization": to_one(world, "organization", row.organization_id),
        "task": to_one(world, "task", row.task_id),
        "results": to_one(world, "result", row.id),
        "node": {"id": node.id, "ip": node.ip, "status": node.status, "name": node.name} if node else {},
        "ports": [{"id": one.id, "port": one.port, "label": one.label} for one in runs.ports(world, row.id)],
    }
    return world.release.shown("run", body)


def render_with_task(world: World, row: Run) -> dict[str, Any]:
    """
    Return the JSON object of a run with its task in it.
    """
    nested = task.render(world, world.task[row.task_id])
    del nested["runs"]
    return render(world, row) | {"task": nested}


@routes.add(
    "GET",
    "/run",
    callers=ANYBODY_LOGGED_IN,
    query=query.paged(entities.Run, **query.RUNS, **INCLUDED),
    answers={200: PageOf(RunAnswer)},
)
def list_runs(call: Call) -> Answer:
    """
    List runs, newest first. Server quirk: a sort is read and changes nothing (4.0 to 4.15).
    """
    visible = runs.visible(call.world, call.caller, call.parameters)
    make = render_with_task if "task" in call.parameters.words("include") else render
    return page(call, visible, call.renderer(make), sortable=entities.Run, keeps_order=True)


@routes.add("GET", "/run/<int:id_>", callers=ANYBODY_LOGGED_IN, query=INCLUDED, answers={200: RunAnswer})
def get_run(call: Call, id_: int) -> Answer:
    """
    View a run. Server quirk: `include` must be exactly "task" here, where lists take several words (4.0 to 4.15).
    """
    make = render_with_task if call.parameters.text("include") == "task" else render
    return 200, make(call.world, runs.view(call.world, call.caller, id_))


@routes.add("PATCH", "/run/<int:id_>", callers=NODE, body=RunSchema, answers={200: RunAnswer})
def report_run(call: Call, id_: int) -> Answer:
    """
    Take a node's report on a run.
    """
    existing(call.world.run, "run", id_)
    return 200, render(call.world, runs.report(call.world, call.caller, id_, call.body(partial=True)))
