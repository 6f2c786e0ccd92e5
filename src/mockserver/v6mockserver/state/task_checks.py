"""
What is checked before a task is created.

The order is the server's: a caller without any right may learn first what is wrong with the body.
"""

from __future__ import annotations

import binascii
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from v6mockserver import _messages as messages
from v6mockserver._errors import BadRequestError, ForbiddenError, PermissionDeniedError
from v6mockserver.state import node as nodes
from v6mockserver.state import run_states
from v6mockserver.state.lookup import existing, existing_for_filter
from v6mockserver.state.permissions import CREATE, Caller, on_collaboration, require

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from v6mockserver.state import entities
    from v6mockserver.state.world import World


@dataclass(frozen=True, slots=True)
class Target:
    """
    An organization that is to run a task, and the input for it.
    """

    id: int
    input: str | None


@dataclass(frozen=True, slots=True)
class Database:
    """
    A database that a task wants: its label at the nodes, and how to read it.
    """

    label: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


class Place(NamedTuple):
    """
    Where a task runs.
    """

    collaboration: entities.Collaboration
    study: entities.Study | None


def place(world: World, collaboration_id: int | None, study_id: int | None) -> Place:
    """
    Return the collaboration and the study of a new task; the study's collaboration if only the study is given.
    """
    collaboration = None
    if collaboration_id is not None:
        collaboration = existing(world.collaboration, "collaboration", collaboration_id)
    if study_id is None:
        return Place(existing(world.collaboration, "collaboration", collaboration_id), None)
    study = existing(world.study, "study", study_id)
    if collaboration is not None and study.collaboration_id != collaboration.id:
        raise BadRequestError(messages.STUDY_OF_OTHER.format(study=study.id, collaboration=collaboration.id))
    return Place(existing(world.collaboration, "collaboration", study.collaboration_id), study)


def targets(world: World, caller: Caller, place: Place, organizations: Sequence[Target]) -> None:
    """
    Refuse unless every organization is in the place, has a node there, and its node takes tasks of this caller.
    """
    collaboration, study = place
    ids = [target.id for target in organizations]
    strangers = _outside(world.collaboration_organization.rights(collaboration.id), ids)
    if strangers:
        raise BadRequestError(
            messages.NOT_IN_COLLABORATION.format(collaboration=collaboration.id, organizations=strangers)
        )
    if study is not None:
        outside = _outside(world.study_organization.rights(study.id), ids)
        if outside:
            raise BadRequestError(messages.NOT_IN_STUDY.format(study=study.id, organizations=outside))
    found = {id_: nodes.serving(world, collaboration.id, id_) for id_ in ids}
    # Server quirk: nodes are counted against organizations: naming one twice fails like a missing node (4.0 to 4.15).
    if sum(node is not None for node in found.values()) < len(ids):
        missing = [id_ for id_, node in found.items() if node is None]
        raise BadRequestError(messages.NO_NODE.format(collaboration=collaboration.id, organizations=missing))
    if caller.kind == "user":
        for node in filter(None, found.values()):
            _policy(world, caller, node)


def _outside(members: Collection[int], ids: Iterable[Any]) -> list[Any]:
    """
    Return what is not the id of a member; it may be anything that JSON can hold.
    """
    return [id_ for id_ in ids if not isinstance(id_, Hashable) or id_ not in members]


def _policy(world: World, caller: Caller, node: entities.Node) -> None:
    """
    Refuse a user whom the policy that a connected node shares does not allow.
    """
    own = world.organization[caller.organization_id]
    settings = {(row.key, row.value) for row in nodes.configuration(world, node.id)}
    restricted = any(key in {"allowed_users", "allowed_orgs"} for key, _ in settings)
    matches = {("allowed_users", str(caller.id)), ("allowed_orgs", str(own.id)), ("allowed_orgs", own.name)}
    if restricted and not settings & matches:
        raise BadRequestError(messages.NODE_REFUSES_USER.format(node=node.name))


def caller(world: World, caller: Caller, collaboration: entities.Collaboration, image: str) -> entities.Task | None:
    """
    Refuse unless the caller may create tasks in the collaboration; return the parent of a container's subtask.
    """
    # Also for root: whoever may do everything still cannot create tasks where its organization is no member.
    if (collaboration.id, caller.organization_id) not in world.collaboration_organization:
        raise PermissionDeniedError(messages.OWN_ORGANIZATION_OUTSIDE.format(collaboration=collaboration.id))
    if caller.kind == "user":
        require(on_collaboration(world, caller, "task", CREATE, collaboration.id))
        return None
    parent = existing_for_filter(world.task, "task", caller.task_id or 0)
    statuses = [world.run[id_].status for id_ in world.run.where("task_id", parent.id)]
    if (
        not image.endswith(caller.image or "")
        or run_states.has_finished(run_states.task_status(statuses))
        or collaboration.id != caller.collaboration_id
    ):
        raise PermissionDeniedError(messages.SUBTASK_REFUSED)
    return parent


def store(world: World, collaboration: entities.Collaboration, store_id: int) -> entities.AlgorithmStore:
    """
    Return the algorithm store of a new task; it must exist and serve the collaboration.
    """
    row = existing_for_filter(world.algorithm_store, "algorithm store", store_id)
    if row.collaboration_id not in (None, collaboration.id):
        raise ForbiddenError(messages.STORE_OF_OTHER.format(id=store_id, collaboration=collaboration.id))
    return row


def inputs(world: World, collaboration: entities.Collaboration, organizations: Sequence[Target]) -> None:
    """
    Refuse input that is no blob where the server has a blob store, and elsewhere input in the wrong encryption.
    """
    if world.stores_blobs:
        _names_of_blobs(organizations)
    else:
        _encryption(collaboration, organizations)


def _names_of_blobs(organizations: Sequence[Target]) -> None:
    # Server quirk: neither whether the blob exists nor whether it is encrypted is looked at (4.15, POST /task).
    strangers = [target.id for target in organizations if not _is_uuid(target.input)]
    if strangers:
        raise BadRequestError(messages.INPUT_NOT_A_BLOB.format(organizations=strangers))


def _is_uuid(text: str | None) -> bool:
    try:
        UUID(text)
    except (ValueError, AttributeError, TypeError):
        return False
    return True


def _encryption(collaboration: entities.Collaboration, organizations: Sequence[Target]) -> None:
    """
    Refuse readable input in an encrypted collaboration, and unreadable input elsewhere.
    """
    for target in organizations:
        readable = _is_readable(target)
        if readable and collaboration.encrypted:
            message = messages.INPUT_NOT_ENCRYPTED
        elif not readable and not collaboration.encrypted:
            message = messages.INPUT_ENCRYPTED
        else:
            continue
        raise BadRequestError(message.format(collaboration=collaboration.id, organization=target.id))


def _is_readable(target: Target) -> bool:
    """
    Tell whether an input decodes to text.

    Base64 is read leniently, so that of an encrypted input only the first part counts.
    """
    try:
        data = binascii.a2b_base64(target.input)  # type: ignore[arg-type]  # whatever was sent
    except (binascii.Error, ValueError, TypeError) as error:
        # Not copied: the real server fails with a 500 here (4.15, POST /task).
        raise BadRequestError(messages.INPUT_NOT_BASE64.format(organization=target.id)) from error
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
