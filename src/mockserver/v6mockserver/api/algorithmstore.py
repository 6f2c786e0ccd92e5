"""
Routes of algorithm stores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import Schema, fields, post_load

from v6mockserver import _messages as messages
from v6mockserver.api import _query as query
from v6mockserver.api._answers import AnswerSchema, MessageAnswer, PageOf, number, text
from v6mockserver.api._fields import identifier
from v6mockserver.api._links import to_many
from v6mockserver.api._paging import page
from v6mockserver.api._routes import NODE, USER, Answer, Call, Routes
from v6mockserver.state import algorithmstore as stores
from v6mockserver.state import entities
from v6mockserver.state.lookup import existing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from v6mockserver.state.entities import AlgorithmStore
    from v6mockserver.state.talk import Talk
    from v6mockserver.state.world import World

routes = Routes("algorithmstore")


class AlgorithmStoreSchema(Schema):
    """
    What adds an algorithm store.
    """

    name = fields.String(required=True)
    algorithm_store_url = fields.Url(required=True)
    server_url = fields.Url()
    collaboration_id = identifier()
    force = fields.Boolean()

    @post_load(pass_original=True)
    def as_sent(self, data: dict[str, Any], original: Mapping[str, Any], **_: object) -> dict[str, Any]:
        """
        Server quirk: any text forces, also "false" (4.15, POST /algorithmstore).
        """
        return data | {"force": bool(original.get("force"))}


class AlgorithmStoreAnswer(AnswerSchema):
    """
    An algorithm store.
    """

    id = number()
    name = text()
    url = text()
    collaborations = text(allow_none=True)


STORE_SAYS = [400, 401, 403, 404, 500]
"""What a store may well answer; this server passes it on, whatever it is."""


def render(_: World, row: AlgorithmStore) -> dict[str, Any]:
    """
    Return the JSON object of an algorithm store.
    """
    is_for_all = row.collaboration_id is None
    collaborations = None if is_for_all else to_many("collaboration", algorithm_store_id=row.id)
    return {"id": row.id, "name": row.name, "url": row.url, "collaborations": collaborations}


@routes.add(
    "GET",
    "/algorithmstore",
    callers=USER,
    since="4.15",
    query=query.paged(entities.AlgorithmStore, name=query.LIKE, url=query.LIKE, collaboration_id=query.FOREIGN_ID),
    answers={200: PageOf(AlgorithmStoreAnswer)},
    refusals=[404],
)
def list_algorithm_stores(call: Call) -> Answer:
    """
    List algorithm stores.
    """
    visible = stores.visible(call.world, call.caller, call.parameters)
    return page(call, visible, call.renderer(render), sortable=entities.AlgorithmStore)


@routes.add(
    "POST",
    "/algorithmstore",
    callers=USER,
    since="4.15",
    body=AlgorithmStoreSchema,
    answers={201: AlgorithmStoreAnswer},
    refusals=STORE_SAYS,
)
def create_algorithm_store(call: Call) -> Talk[Answer]:
    """
    Add an algorithm store to a collaboration, or to all; the store itself is asked.
    """
    row = yield from stores.create(call.world, call.caller, authorization=call.authorization, **call.body())
    return 201, render(call.world, row)


@routes.add(
    "GET",
    "/algorithmstore/<int:id_>",
    callers=USER + NODE,
    since="4.15",
    answers={200: AlgorithmStoreAnswer},
)
def get_algorithm_store(call: Call, id_: int) -> Answer:
    """
    View an algorithm store.
    """
    return 200, render(call.world, stores.view(call.world, call.caller, id_))


@routes.add(
    "PATCH",
    "/algorithmstore/<int:id_>",
    callers=USER,
    since="4.15",
    body=AlgorithmStoreSchema,
    answers={200: AlgorithmStoreAnswer},
)
def update_algorithm_store(call: Call, id_: int) -> Answer:
    """
    Change an algorithm store.
    """
    existing(call.world.algorithm_store, "algorithm store", id_)
    return 200, render(call.world, stores.update(call.world, call.caller, id_, call.body(partial=True)))


@routes.add(
    "DELETE",
    "/algorithmstore/<int:id_>",
    callers=USER,
    since="4.15",
    query={"server_url": query.EXACT},
    answers={200: MessageAnswer},
    refusals=STORE_SAYS,
)
def delete_algorithm_store(call: Call, id_: int) -> Talk[Answer]:
    """
    Delete an algorithm store; the store itself is asked to forget this server.
    """
    server_url = call.parameters.text("server_url")
    yield from stores.delete(call.world, call.caller, id_, server_url=server_url, authorization=call.authorization)
    return 200, {"msg": messages.DELETED.format(noun="algorithm store", id=id_)}
