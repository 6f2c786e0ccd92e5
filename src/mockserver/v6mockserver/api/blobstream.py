"""
Routes of large inputs and results.
"""

from __future__ import annotations

from marshmallow import fields
from werkzeug.wrappers import Response

from v6mockserver.api._answers import AnswerSchema, Bytes, text
from v6mockserver.api._routes import ANYBODY_LOGGED_IN, Answer, Call, Routes
from v6mockserver.state import blob

routes = Routes("blobstream")


class BlobStatusAnswer(AnswerSchema):
    """
    Whether large inputs and results are stored apart.
    """

    blob_store_enabled = fields.Boolean()


class BlobAnswer(AnswerSchema):
    """
    The name of a new blob.
    """

    uuid = text()


@routes.add("GET", "/blobstream/status", callers=ANYBODY_LOGGED_IN, since="4.15", answers={200: BlobStatusAnswer})
def get_status(call: Call) -> Answer:
    """
    Say whether inputs and results are blobs; clients of 4.13 and later ask before every task.
    """
    return 200, {"blob_store_enabled": call.world.stores_blobs}


@routes.add(
    "POST",
    "/blobstream",
    callers=ANYBODY_LOGGED_IN,
    since="4.15",
    body=Bytes,
    answers={201: BlobAnswer},
    refusals=[400, 403, 501],
)
def create_blob(call: Call) -> Answer:
    """
    Store a blob: the bytes of the body, whatever its content type.
    """
    blob.require_may_upload(call.world, call.caller)
    return 201, {"uuid": blob.store(call.world, call.request.stream.read())}


@routes.add(
    "GET",
    "/blobstream/<string:uuid>",
    callers=ANYBODY_LOGGED_IN,
    since="4.15",
    answers={200: Bytes},
    refusals=[500, 501],
)
def get_blob(call: Call, uuid: str) -> Answer:
    """
    Send a blob.
    """
    content = blob.view(call.world, call.caller, uuid)
    headers = {"Content-Disposition": f"attachment; filename=result_{uuid}.bin"}
    # In one piece, which nobody copies until it is cut up for a socket.
    return Response(content, headers=headers, mimetype="application/octet-stream")
