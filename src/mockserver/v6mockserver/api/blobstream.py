"""
Routes of large inputs and results.
"""

from __future__ import annotations

from marshmallow import fields

from v6mockserver.api._answers import AnswerSchema
from v6mockserver.api._routes import ANYBODY_LOGGED_IN, Answer, Call, Routes

routes = Routes("blobstream")


class BlobStatusAnswer(AnswerSchema):
    """
    Whether large inputs and results are stored apart.
    """

    blob_store_enabled = fields.Boolean()


@routes.add("GET", "/blobstream/status", callers=ANYBODY_LOGGED_IN, since="4.15", answers={200: BlobStatusAnswer})
def get_status(call: Call) -> Answer:  # noqa: ARG001 -- a view takes the call
    """
    Say that inputs and results are stored with their runs; clients of 4.13 and later ask before every task.
    """
    return 200, {"blob_store_enabled": False}
