"""
Routes of studies and their organizations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import Schema, fields, post_load

from v6mockserver import _messages as messages
from v6mockserver.api import _query as query
from v6mockserver.api import organization
from v6mockserver.api._answers import AnswerSchema, ListOf, MessageAnswer, OneOf, PageOf, link, number, text
from v6mockserver.api._fields import IdSchema, identifier, members, name
from v6mockserver.api._links import to_many, to_one
from v6mockserver.api._paging import page
from v6mockserver.api._routes import ANYBODY_LOGGED_IN, NODE, USER, Answer, Call, Routes
from v6mockserver.state import entities
from v6mockserver.state import study as studies
from v6mockserver.state.lookup import existing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from v6mockserver.state.entities import Study
    from v6mockserver.state.world import World

routes = Routes("study")


class StudySchema(Schema):
    """
    What a study is made of.
    """

    name = name(required=True)
    collaboration_id = identifier(required=True)
    organization_ids = members()

    @post_load(pass_original=True)
    def as_sent(self, data: dict[str, Any], original: Mapping[str, Any], **_: object) -> dict[str, Any]:
        """
        Server quirk: an organization's id as text passes as one, and then is the id of no member (4.15, POST, PATCH).
        """
        return data | {key: original[key] for key in ("organization_ids",) if key in data}


class StudyAnswer(AnswerSchema):
    """
    A study.
    """

    noun = "study"

    id = number()
    name = text()
    collaboration = link()
    organizations = OneOf(text(), fields.List(fields.Nested(organization.OrganizationAnswer)))
    tasks = text()


INCLUDED = {"include": query.words("organizations")}
FILTERS = {"name": query.LIKE, "organization_id": query.FOREIGN_ID, "collaboration_id": query.FOREIGN_ID, **INCLUDED}


def render(world: World, row: Study) -> dict[str, Any]:
    """
    Return the JSON object of a study.
    """
    return {
        "id": row.id,
        "name": row.name,
        "collaboration": to_one(world, "collaboration", row.collaboration_id),
        "organizations": to_many("organization", study_id=row.id),
        "tasks": to_many("task", study_id=row.id),
    }


def render_with_organizations(world: World, row: Study) -> dict[str, Any]:
    """
    Return the JSON object of a study, with the organizations themselves in place of the link to them.
    """
    return render(world, row) | {"organizations": organization.render_all(world, studies.members(world, row.id))}


def _renderer(call: Call) -> Callable[[Study], dict[str, Any]]:
    if "organizations" not in call.parameters.words("include"):
        return call.renderer(render)
    return call.renderer(render_with_organizations)


@routes.add(
    "GET",
    "/study",
    callers=USER + NODE,
    since="4.15",
    query=query.paged(entities.Study, **FILTERS),
    answers={200: PageOf(StudyAnswer)},
    refusals=[400, 404],
)
def list_studies(call: Call) -> Answer:
    """
    List studies.
    """
    visible = studies.visible(call.world, call.caller, call.parameters)
    return page(call, visible, _renderer(call), sortable=entities.Study)


@routes.add("POST", "/study", callers=USER, since="4.15", body=StudySchema, answers={201: StudyAnswer}, refusals=[404])
def create_study(call: Call) -> Answer:
    """
    Create a study.
    """
    row = studies.create(call.world, call.caller, **call.body())
    return 201, render_with_organizations(call.world, row)


@routes.add(
    "GET", "/study/<int:id_>", callers=ANYBODY_LOGGED_IN, since="4.15", query=INCLUDED, answers={200: StudyAnswer}
)
def get_study(call: Call, id_: int) -> Answer:
    """
    View a study.
    """
    return 200, _renderer(call)(studies.view(call.world, call.caller, id_))


@routes.add("PATCH", "/study/<int:id_>", callers=USER, since="4.15", body=StudySchema, answers={200: StudyAnswer})
def update_study(call: Call, id_: int) -> Answer:
    """
    Change a study.
    """
    studies.require_may_edit(call.world, call.caller, id_)
    row = studies.update(call.world, id_, call.body(partial=True))
    return 200, render_with_organizations(call.world, row)


@routes.add(
    "DELETE",
    "/study/<int:id_>",
    callers=USER,
    since="4.15",
    query=query.DELETION,
    answers={200: MessageAnswer},
    refusals=[400],
)
def delete_study(call: Call, id_: int) -> Answer:
    """
    Delete a study.
    """
    flag = call.parameters.flag("delete_dependents")
    studies.delete(call.world, call.caller, id_, delete_dependents=flag)
    return 200, {"msg": messages.DELETED.format(noun="study", id=id_)}


@routes.add(
    "POST",
    "/study/<int:id_>/organization",
    callers=USER,
    since="4.15",
    body=IdSchema,
    answers={200: ListOf(organization.OrganizationAnswer)},
)
def add_organization(call: Call, id_: int) -> Answer:
    """
    Add an organization to a study; answers with all its members.
    """
    studies.require_may_edit_members(call.world, call.caller, id_)
    members = studies.add_organization(call.world, id_, call.body()["id"])
    return 200, organization.render_all(call.world, members)


@routes.add(
    "DELETE",
    "/study/<int:id_>/organization",
    callers=USER,
    since="4.15",
    body=IdSchema,
    answers={200: ListOf(organization.OrganizationAnswer)},
)
def remove_organization(call: Call, id_: int) -> Answer:
    """
    Remove an organization from a study; answers with the members that stay.
    """
    existing(call.world.study, "study", id_)
    members = studies.remove_organization(call.world, call.caller, id_, call.body()["id"])
    return 200, organization.render_all(call.world, members)
