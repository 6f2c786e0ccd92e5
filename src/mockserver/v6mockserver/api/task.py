"""
Routes of tasks.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from marshmallow import INCLUDE, Schema, ValidationError, fields, post_load, pre_load, validate, validates_schema
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from v6mockserver import _messages as messages
from v6mockserver._errors import BadRequestError
from v6mockserver.api import _query as query
from v6mockserver.api import result, run
from v6mockserver.api._answers import AnswerSchema, MessageAnswer, OneOf, PageOf, link, moment, number, text
from v6mockserver.api._fields import MAX_NAME, Objects, identifier, long_text, not_digits_only
from v6mockserver.api._links import to_many, to_one
from v6mockserver.api._paging import page
from v6mockserver.api._routes import ANYBODY_LOGGED_IN, CONTAINER, USER, Answer, Call, Routes
from v6mockserver.state import entities, run_states
from v6mockserver.state import task as tasks
from v6mockserver.state.task_checks import Database, Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from v6mockserver.state.entities import Task
    from v6mockserver.state.talk import Talk
    from v6mockserver.state.world import World

routes = Routes("task")


class PreprocessingSchema(Schema):
    """
    One step of preparing data before the algorithm sees it; only its function is checked here.
    """

    class Meta:
        """
        Other keys are the business of the node.
        """

        unknown = INCLUDE

    function = fields.Raw(required=True)


class DatabaseSchema40(Schema):
    """
    A database that a task wants, and how to read it.
    """

    label = fields.String(required=True)
    query = fields.String()
    sheet_name = fields.String()
    preprocessing = fields.List(fields.Nested(PreprocessingSchema))

    @post_load
    def row(self, data: dict[str, Any], **_: object) -> Database:
        """
        Separate the label from how the database is to be read.
        """
        return Database(label=data.pop("label"), parameters=data)


class DatabaseSchema(DatabaseSchema40):
    """
    A database that a task wants, with arguments for its query.
    """

    arguments = fields.Dict()


class TargetSchema40(Schema):
    """
    An organization that is to run a task; other keys than these are passed over.
    """

    class Meta:
        """
        Other keys are passed over.
        """

        unknown = INCLUDE

    id = fields.Raw(required=True, metadata={"type": "integer", "minimum": 1})
    input = fields.Raw(
        allow_none=True,
        metadata={"type": "string", "description": "Base64 text; encrypted where the collaboration is."},
    )

    @post_load
    def row(self, data: dict[str, Any], **_: object) -> Target:
        """
        Keep what matters; an input that is an object becomes text.
        """
        input_ = data.get("input")
        return Target(id=data["id"], input=json.dumps(input_) if isinstance(input_, dict) else input_)


class TargetSchema(TargetSchema40):
    """
    An organization that is to run a task.

    Not copied: input that is not text makes the real server fail with a 500 (4.15, POST /task).
    """

    input = fields.String(  # type: ignore[assignment]  # narrower than before
        required=True, metadata={"description": "Base64 text; encrypted where the collaboration is."}
    )


class TaskSchema40(Schema):
    """
    What a task is made of, before studies and algorithm stores.
    """

    name = fields.String(validate=[validate.Length(min=1, max=MAX_NAME), not_digits_only])
    description = long_text()
    image = fields.String(required=True, validate=validate.Length(min=1))
    collaboration_id = identifier(required=True)
    organizations = Objects(fields.Nested(TargetSchema40), required=True, validate=validate.Length(min=1))
    databases = Objects(fields.Nested(DatabaseSchema40), allow_none=True)

    @pre_load
    def without_null_databases(self, data: Any, **_: object) -> Any:
        """
        Read null databases as none.
        """
        if isinstance(data, dict) and data.get("databases", ()) is None:
            return {key: value for key, value in data.items() if key != "databases"}
        return data


class TaskSchema(TaskSchema40):
    """
    What a task is made of.
    """

    either = ("collaboration_id", "study_id")

    collaboration_id = identifier()
    study_id = identifier()
    store_id = identifier()
    server_url = fields.Url(load_only=True)
    organizations = Objects(fields.Nested(TargetSchema), required=True, validate=validate.Length(min=1))
    databases = Objects(fields.Nested(DatabaseSchema), allow_none=True)

    @validates_schema
    def has_a_place(self, data: dict[str, Any], **_: object) -> None:
        """
        Refuse a task that says neither in which collaboration nor in which study it runs.
        """
        if not any(name in data for name in self.either):
            msg = f"Needs {' or '.join(self.either)}."
            raise ValidationError(msg)


class TaskDatabaseAnswer(AnswerSchema):
    """
    A database that a task wants: its label, and the rest as JSON text.
    """

    label = text()
    parameters = text()


class TaskAnswer(AnswerSchema):
    """
    A task.
    """

    noun = "task"

    id = number()
    name = text()
    description = text()
    image = text()
    status = fields.String(validate=validate.OneOf(run_states.STATUSES))
    created_at = moment()
    finished_at = moment()
    job_id = number()
    collaboration = link()
    study = link(allow_none=True)
    algorithm_store = link(allow_none=True)
    init_org = link()
    init_user = link()
    parent = link(allow_none=True)
    children = text()
    runs = OneOf(text(), fields.List(fields.Nested("RunAnswer")))
    results = OneOf(text(), fields.List(fields.Nested("ResultAnswer")))
    databases = fields.List(fields.Nested(TaskDatabaseAnswer))


class TaskInRunAnswer(TaskAnswer):
    """
    A task inside a run, without its runs.
    """

    class Meta:
        """
        What is not shown.
        """

        exclude = ("runs",)


class TaskStatusAnswer(AnswerSchema):
    """
    How far a task is.
    """

    status = fields.String(validate=validate.OneOf(run_states.STATUSES))


INCLUDED = {"include": query.words("runs", "results")}
FILTERS = {
    "name": query.LIKE,
    "image": query.LIKE,
    "description": query.LIKE,
    "init_org_id": query.ID,
    "init_user_id": query.ID,
    "collaboration_id": query.ID,
    "study_id": query.ID,
    "parent_id": query.ID,
    "job_id": query.ID,
    "status": query.EXACT,
    "run_id": query.ID,
    "store_id": query.ID,
    "database": query.EXACT,
    "is_user_created": query.NUMBER,
    **INCLUDED,
}


def render(world: World, row: Task) -> dict[str, Any]:
    """
    Return the JSON object of a task.
    """
    runs = tasks.runs(world, row.id)
    body = {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "image": row.image,
        "status": tasks.status_of(world, runs),
        "created_at": row.created_at,
        "finished_at": run_states.task_finished_at(runs),
        "job_id": row.job_id,
        "collaboration": to_one(world, "collaboration", row.collaboration_id),
        "study": to_one(world, "study", row.study_id),
        "algorithm_store": to_one(world, "algorithmstore", row.algorithm_store_id),
        "init_org": to_one(world, "organization", row.init_org_id),
        "init_user": to_one(world, "user", row.init_user_id),
        "parent": to_one(world, "task", row.parent_id),
        "children": to_many("task", parent_id=row.id),
        "runs": to_many("run", task_id=row.id),
        "results": to_many("result", task_id=row.id),
        "databases": [{"label": one.database, "parameters": one.parameters} for one in tasks.databases(world, row.id)],
    }
    return world.release.shown("task", body)


def _renderer(call: Call) -> Callable[[Task], dict[str, Any]]:
    """
    Return how this request wants tasks: with links to runs and results, or with the objects themselves.
    """
    included = call.parameters.words("include")
    if not included:
        return call.renderer(render)

    def with_included(row: Task) -> dict[str, Any]:
        body = render(call.world, row)
        if "runs" in included:
            body["runs"] = [run.render(call.world, one) for one in tasks.runs(call.world, row.id)]
        if "results" in included:
            body["results"] = [result.render(call.world, one) for one in tasks.runs(call.world, row.id)]
        return body

    return with_included


@routes.add(
    "GET",
    "/task",
    callers=ANYBODY_LOGGED_IN,
    query=query.paged(entities.Task, **FILTERS),
    answers={200: PageOf(TaskAnswer)},
)
def list_tasks(call: Call) -> Answer:
    """
    List tasks, newest first. Server quirk: a sort is read and changes nothing (4.0 to 4.15).
    """
    visible = tasks.visible(call.world, call.caller, call.parameters)
    return page(call, visible, _renderer(call), sortable=entities.Task, keeps_order=True)


@routes.add(
    "POST",
    "/task",
    callers=USER + CONTAINER,
    body={"4.0": TaskSchema40, "4.15": TaskSchema},
    answers={201: TaskAnswer},
    refusals=[400, 403, 404],
)
def create_task(call: Call) -> Talk[Answer]:
    """
    Create a task; its image is looked up in an algorithm store if it names one.
    """
    body = _body(call)
    # Server quirk: what a container says about stores is passed over (4.15, POST /task).
    asked = {name: body.pop(name) for name in ("store_id", "server_url") if name in body}
    if "store_id" in asked and call.caller.kind == "user":
        wanted = {name: body[name] for name in LOOKED_AT if name in body}
        found = yield from tasks.look_up(call.world, call.caller, authorization=call.authorization, **wanted, **asked)
        body |= found._asdict()
    return 201, render(call.world, tasks.create(call.world, call.caller, **body))


LOOKED_AT = ("image", "organizations", "collaboration_id", "study_id")
"""What of a task's body is looked at before a store is asked."""


def _body(call: Call) -> dict[str, Any]:
    try:
        return call.body()  # type: ignore[no-any-return]  # what the schema says
    except (BadRequest, UnsupportedMediaType) as error:
        if not call.world.release.words_task_body_errors:
            raise
        # Server quirk: here, and only here, a body that is not JSON is answered under `msg` (4.15, POST /task).
        raise BadRequestError(error.description or messages.BODY_UNREADABLE) from error


@routes.add("GET", "/task/<int:id_>", callers=ANYBODY_LOGGED_IN, query=INCLUDED, answers={200: TaskAnswer})
def get_task(call: Call, id_: int) -> Answer:
    """
    View a task.
    """
    row = tasks.view(call.world, call.caller, id_)
    if "results" in call.parameters.words("include"):
        tasks.require_may_view_results(call.world, call.caller, row)
    return 200, _renderer(call)(row)


@routes.add("DELETE", "/task/<int:id_>", callers=USER, answers={200: MessageAnswer})
def delete_task(call: Call, id_: int) -> Answer:
    """
    Delete a task.
    """
    tasks.delete(call.world, call.caller, id_)
    return 200, {"msg": messages.DELETED.format(noun="task", id=id_)}


@routes.add("GET", "/task/<int:id_>/status", callers=USER + CONTAINER, since="4.15", answers={200: TaskStatusAnswer})
def get_task_status(call: Call, id_: int) -> Answer:
    """
    Say how far a task is.
    """
    row = tasks.view(call.world, call.caller, id_)
    return 200, {"status": tasks.status(call.world, row.id)}
