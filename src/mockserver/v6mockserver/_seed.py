"""
Seeds: what a world starts from, written by hand.

A seed has the format of the real server's import command: organizations with their users, collaborations with their
participants. It is widened with roles, node names, databases and private keys. A seed is read completely before
anything is planted, so that one with a mistake plants nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from marshmallow import Schema, ValidationError, fields, validate

from v6mockserver import _keys
from v6mockserver._errors import SeedError
from v6mockserver.state import entities
from v6mockserver.state import node as nodes
from v6mockserver.state.passwords import hash_password
from v6mockserver.state.permissions import RuleKey

if TYPE_CHECKING:
    from v6mockserver.state.world import World

Source = Mapping[str, Any] | str | PathLike[str]

SUPER = "super"
"""The role that the real server's import gives to users for whom the seed names none: all rules."""


def _identifier(label: str) -> None:
    if not label.isidentifier():
        raise ValidationError(f"{label!r} is not an identifier; use letters, digits and underscores")


class UserSeed(Schema):
    """
    A user of an organization.
    """

    username = fields.String(required=True)
    password = fields.String(required=True)
    firstname = fields.String(load_default=None, allow_none=True)
    lastname = fields.String(load_default=None, allow_none=True)
    email = fields.String(load_default=None, allow_none=True)
    roles = fields.List(fields.String(), load_default=(SUPER,))


class RoleSeed(Schema):
    """
    A role of an organization; a rule is written as "task CREATE COLLABORATION".
    """

    name = fields.String(required=True)
    description = fields.String(load_default=None, allow_none=True)
    rules = fields.List(fields.String(), required=True)


class OrganizationSeed(Schema):
    """
    An organization with its users.
    """

    name = fields.String(required=True, validate=validate.Length(min=1))
    domain = fields.String(load_default="", allow_none=True)
    address1 = fields.String(load_default="", allow_none=True)
    address2 = fields.String(load_default=None, allow_none=True)
    zipcode = fields.String(load_default="", allow_none=True)
    country = fields.String(load_default="", allow_none=True)
    public_key = fields.String(load_default="")
    private_key = fields.String(load_default=None)
    roles = fields.List(fields.Nested(RoleSeed), load_default=())
    users = fields.List(fields.Nested(UserSeed), load_default=())


class ParticipantSeed(Schema):
    """
    An organization in a collaboration, with its node there.
    """

    name = fields.String(required=True)
    node = fields.String(load_default=None)
    api_key = fields.UUID(load_default=None)
    databases = fields.Dict(keys=fields.String(validate=_identifier), load_default=dict)


class CollaborationSeed(Schema):
    """
    A collaboration with its participants; encrypted unless it says otherwise, as the real import has it.
    """

    name = fields.String(required=True, validate=validate.Length(min=1))
    encrypted = fields.Boolean(load_default=True)
    participants = fields.List(fields.Nested(ParticipantSeed), load_default=())


class SeedSchema(Schema):
    """
    A whole seed.
    """

    organizations = fields.List(fields.Nested(OrganizationSeed), load_default=())
    collaborations = fields.List(fields.Nested(CollaborationSeed), load_default=())


class Station(NamedTuple):
    """
    A node that is to be simulated.
    """

    api_key: str
    databases: Mapping[str, Any]
    private_key: Path | None


@dataclass
class Planted:
    """
    What a seed leaves beside the rows of the world: secrets in clear, and what nodes need.
    """

    passwords: dict[str, str] = field(default_factory=dict)
    private_keys: dict[str, Path] = field(default_factory=dict)
    stations: list[Station] = field(default_factory=list)


def plant(world: World, source: Source) -> Planted:
    """
    Add what a seed describes to a world.

    Parameters
    ----------
    world : World
        The world; unchanged if the seed has a mistake.
    source : mapping or path
        The seed, or a YAML file with it.

    Returns
    -------
    Planted
        Passwords and private keys by name, and the nodes to simulate.

    Raises
    ------
    SeedError
        If the seed does not describe a world; names file, line, key and what was expected.
    """
    document = Document.read(source)
    try:
        seed: Any = SeedSchema().load(document.data)
    except ValidationError as error:
        path, reason = _first(error.messages_dict)
        raise document.error(path, reason) from error
    _check(world, seed, document)
    planted = Planted()
    for organization in seed["organizations"]:
        _plant_organization(world, organization, planted, document.folder)
    for collaboration in seed["collaborations"]:
        _plant_collaboration(world, collaboration, planted, document.folder)
    return planted


@dataclass(frozen=True)
class Document:
    """
    A seed as it was written: its data, and where it stands.
    """

    data: Any
    file: Path | None = None
    root: Any = None

    @classmethod
    def read(cls, source: Source) -> Document:
        """
        Return a seed that is given as it is, or read one from a YAML file.
        """
        if isinstance(source, Mapping):
            return cls(source)
        if not isinstance(source, (str, PathLike)):
            raise SeedError(f"a seed is a mapping or the path of a YAML file, not {source!r}")
        import yaml

        file = Path(source)
        try:
            text = file.read_text(encoding="utf-8")
            return cls(yaml.safe_load(text), file, yaml.compose(text, yaml.SafeLoader))
        except (OSError, yaml.YAMLError) as error:
            msg = f"the seed {file} cannot be read: {error}"
            raise SeedError(msg) from error

    @property
    def folder(self) -> Path:
        """
        What paths in the seed are relative to.
        """
        return self.file.parent if self.file else Path()

    def error(self, path: tuple[str | int, ...], reason: str) -> SeedError:
        """
        Return the error for a mistake at a place in the seed.
        """
        where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
        place = f"{self.file}, line {self._line(path)}" if self.file else "the seed"
        return SeedError(f"{place}: {where or 'the document'}: {reason}")

    def _line(self, path: tuple[str | int, ...]) -> int:
        node = self.root
        for step in path:
            children: dict[Any, Any] = {key.value: value for key, value in node.value} if node.id == "mapping" else {}
            if node.id == "sequence" and isinstance(step, int):
                children = dict(enumerate(node.value))
            if step not in children:
                break
            node = children[step]
        return int(node.start_mark.line) + 1 if node is not None else 1


def _first(errors: Any, path: tuple[str | int, ...] = ()) -> tuple[tuple[str | int, ...], str]:
    """
    Return the place and the text of the first of marshmallow's errors.
    """
    while isinstance(errors, dict):
        step, errors = next(iter(errors.items()))
        path = path if step == "_schema" else (*path, step)
    return path, str(errors[0])


def _check(world: World, seed: Mapping[str, Any], document: Document) -> None:
    """
    Refuse names that are taken, or that nothing has.
    """
    names = {row.name for row in world.organization}
    usernames = {row.username for row in world.user}
    default_roles = {row.name for row in world.role if row.is_default_role}
    for position, organization in enumerate(seed["organizations"]):
        place = ("organizations", position)
        _add_name(names, organization["name"], document, (*place, "name"))
        key = organization["private_key"]
        if key is not None and not (document.folder / key).is_file():
            raise document.error((*place, "private_key"), f"there is no file {document.folder / key}")
        roles = default_roles | {SUPER} | {role["name"] for role in organization["roles"]}
        _check_roles(world, organization, document, place)
        for number, user in enumerate(organization["users"]):
            there = (*place, "users", number)
            _add_name(usernames, user["username"], document, (*there, "username"))
            for role in user["roles"]:
                _require_known(role, roles, "role", document, (*there, "roles"))
    _check_collaborations(world, seed, names, document)


def _check_roles(
    world: World, organization: Mapping[str, Any], document: Document, place: tuple[str | int, ...]
) -> None:
    rules = {str(key) for key in world.rule_ids}
    for number, role in enumerate(organization["roles"]):
        for rule in role["rules"]:
            _require_known(rule, rules, "rule", document, (*place, "roles", number, "rules"))


def _check_collaborations(world: World, seed: Mapping[str, Any], organizations: set[str], document: Document) -> None:
    names = {row.name for row in world.collaboration}
    stations = {row.name for row in world.node}
    for position, collaboration in enumerate(seed["collaborations"]):
        place: tuple[str | int, ...] = ("collaborations", position)
        _add_name(names, collaboration["name"], document, (*place, "name"))
        members: set[str] = set()
        for number, participant in enumerate(collaboration["participants"]):
            there = (*place, "participants", number)
            _require_known(participant["name"], organizations, "organization", document, (*there, "name"))
            _add_name(members, participant["name"], document, (*there, "name"))
            _add_name(stations, _node_name(participant, collaboration), document, (*there, "node"))


def _node_name(participant: Mapping[str, Any], collaboration: Mapping[str, Any]) -> str:
    return str(participant["node"] or f"{participant['name']} - {collaboration['name']} Node")


def _add_name(names: set[str], name: str, document: Document, path: tuple[str | int, ...]) -> None:
    if name in names:
        raise document.error(path, f"{name!r} is there already; names must differ")
    names.add(name)


def _require_known(name: str, known: set[str], noun: str, document: Document, path: tuple[str | int, ...]) -> None:
    if name not in known:
        raise document.error(path, f"there is no {noun} {name!r}; there are {', '.join(sorted(known))}")


def _plant_organization(world: World, seed: Mapping[str, Any], planted: Planted, folder: Path) -> None:
    columns = {key: seed[key] for key in ("name", "domain", "address1", "address2", "zipcode", "country", "public_key")}
    row = world.organization.add(entities.Organization(id=world.next_id("organization"), **columns))
    if seed["private_key"] is not None:
        planted.private_keys[row.name] = folder / seed["private_key"]
    wanted = {name for user in seed["users"] for name in user["roles"]}
    roles = list(seed["roles"])
    if SUPER in wanted and SUPER not in {role["name"] for role in roles}:
        roles.append({"name": SUPER, "description": "All rules", "rules": [str(key) for key in world.rule_ids]})
    ids = {one.name: one.id for one in world.role if one.is_default_role}
    for role in roles:
        ids[role["name"]] = _plant_role(world, role, row.id)
    for user in seed["users"]:
        _plant_user(world, user, row.id, ids)
        planted.passwords[user["username"]] = user["password"]


def _plant_role(world: World, seed: Mapping[str, Any], organization_id: int) -> int:
    row = world.role.add(
        entities.Role(
            id=world.next_id("role"),
            name=seed["name"],
            description=seed["description"],
            organization_id=organization_id,
        )
    )
    world.role_rule.assign(row.id, [world.rule_ids[RuleKey(*rule.split())] for rule in seed["rules"]])
    return row.id


def _plant_user(world: World, seed: Mapping[str, Any], organization_id: int, roles: Mapping[str, int]) -> None:
    row = world.user.add(
        entities.User(
            id=world.next_id("user"),
            username=seed["username"],
            password=hash_password(seed["password"], salt=world.next_uuid()),
            firstname=seed["firstname"],
            lastname=seed["lastname"],
            email=seed["email"],
            organization_id=organization_id,
        )
    )
    world.user_role.assign(row.id, [roles[name] for name in seed["roles"]])


def _plant_collaboration(world: World, seed: Mapping[str, Any], planted: Planted, folder: Path) -> None:
    row = world.collaboration.add(
        entities.Collaboration(id=world.next_id("collaboration"), name=seed["name"], encrypted=seed["encrypted"])
    )
    for participant in seed["participants"]:
        organization = world.organization[world.organization.where("name", participant["name"])[0]]
        world.collaboration_organization.add(row.id, organization.id)
        _, api_key = nodes.register(
            world,
            name=_node_name(participant, seed),
            organization_id=organization.id,
            collaboration_id=row.id,
            api_key=str(participant["api_key"]) if participant["api_key"] else None,
        )
        key = _private_key(organization, planted) if seed["encrypted"] else None
        planted.stations.append(Station(api_key, _sources(participant["databases"], folder), key))


def _private_key(organization: entities.Organization, planted: Planted) -> Path | None:
    """
    Return the key file of an organization: its own, else a ready-made one; None if only its public half is known.
    """
    if organization.name not in planted.private_keys and not organization.public_key:
        planted.private_keys[organization.name] = _keys.path(len(planted.private_keys))
    return planted.private_keys.get(organization.name)


def _sources(databases: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """
    Return databases with paths relative to the seed's folder made whole.
    """
    return {
        label: folder / source if isinstance(source, (str, PathLike)) else source for label, source in databases.items()
    }
