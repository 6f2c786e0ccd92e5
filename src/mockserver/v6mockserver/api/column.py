"""
The route that names the columns of a database.
"""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from v6mockserver.api import task
from v6mockserver.api._answers import AnswerSchema, text
from v6mockserver.api._fields import Objects, identifier
from v6mockserver.api._routes import USER, Answer, Call, Routes
from v6mockserver.state import column

routes = Routes("column")


class ColumnTargetSchema(task.TargetSchema40):
    """
    An organization that may have to run a task; its input is looked at if it does.
    """


class ColumnSchema(Schema):
    """
    Whose columns are wanted, and what the organizations need to find them out.
    """

    db_label = fields.String(required=True)
    collaboration_id = identifier(required=True)
    organizations = Objects(fields.Nested(ColumnTargetSchema), required=True, validate=validate.Length(min=1))
    sheet_name = fields.String()
    query = fields.String()


class ColumnsAnswer(AnswerSchema):
    """
    The names of a database's columns.
    """

    columns = fields.List(text())


@routes.add(
    "POST",
    "/column",
    callers=USER,
    body=ColumnSchema,
    since="4.15",
    answers={200: ColumnsAnswer, 201: task.TaskAnswer},
    refusals=[400, 404],
)
def list_columns(call: Call) -> Answer:
    """
    Name the columns, or create the task that asks the nodes for them.
    """
    found = column.names(call.world, call.caller, **call.body())
    return (200, {"columns": found}) if isinstance(found, list) else (201, task.render(call.world, found))
