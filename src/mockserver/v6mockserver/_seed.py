"""
Seeds: what a world starts from, written by hand.

A seed has the format of the real server's import command: organizations with their users, collaborations with their
participants and the images of example tasks. It is widened with settings, roles and rules, node names, databases and
keys, studies, algorithm stores, and tasks with the runs that they have. A seed is read completely, and every name in it
looked up, before anything is planted (`_planting.py`): one with a mistake plants nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import fields as columns
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from marshmallow import Schema, ValidationError, fields, pre_load, validate

from v6mockserver import _keys
from v6mockserver._errors import MockUsageError, SeedError
from v6mockserver.nodes.databases import described
from v6mockserver.state.run_states import PENDING, STATUSES
from v6mockserver.state.settings import KINDS, Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from v6mockserver.state.world import World

Source = Mapping[str, Any] | str | PathLike[str]
Place = tuple[str | int, ...]

SUPER = "super"
"""The role that the real server's import gives to users for whom the seed names none: all rules."""

ROOT = "root"
"""The user of a first start; a seed that has one of its own gets that one instead."""

UNKNOWN = "Unknown key"

EXAMPLE = "Example task"
"""What the real server's import calls a task that is given as an image."""


class Text(fields.String):
    """
    A text; a number is one, since YAML reads a zip code as a number.
    """

    def _deserialize(self, value: Any, *place: Any, **options: Any) -> str:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return str(super()._deserialize(str(value) if is_number else value, *place, **options))


class Part(Schema):
    """
    A part of a seed; an unknown key is told which ones there are.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        keys = ", ".join(self.fields)
        self.error_messages |= {"unknown": f"{UNKNOWN}; there are {keys}.", "type": f"Not a mapping of {keys}."}


def optional() -> Text:
    """
    Return a field for a text that may be left out.
    """
    return Text(load_default=None, allow_none=True)


def required() -> Text:
    """
    Return a field for a name.
    """
    return Text(required=True, validate=validate.Length(min=1))


def several(field: Any) -> fields.List[Any]:
    """
    Return a field for a list that may be left out.
    """
    return fields.List(field, load_default=())


def sendable(value: object) -> None:
    """
    Refuse what cannot be sent, such as the dates that YAML reads.
    """
    try:
        json.dumps(value)
    except (TypeError, ValueError) as error:
        raise ValidationError(f"JSON has no such value ({error}); a text in quotes may do.") from error


class UserSeed(Part):
    """
    A user of an organization.
    """

    username = required()
    password = required()
    firstname = optional()
    lastname = optional()
    email = optional()
    roles = fields.List(Text(), load_default=(SUPER,))
    rules = several(Text())


class RoleSeed(Part):
    """
    A role of an organization; a rule is written as "task CREATE COLLABORATION".
    """

    name = required()
    description = optional()
    rules = fields.List(Text(), required=True)


class OrganizationSeed(Part):
    """
    An organization with its users.
    """

    name = required()
    domain = Text(load_default="", allow_none=True)
    address1 = Text(load_default="", allow_none=True)
    address2 = optional()
    zipcode = Text(load_default="", allow_none=True)
    country = Text(load_default="", allow_none=True)
    public_key = Text(load_default="", allow_none=True)
    private_key = optional()
    roles = several(fields.Nested(RoleSeed))
    users = several(fields.Nested(UserSeed))


class ParticipantSeed(Part):
    """
    An organization in a collaboration, with its node there.
    """

    name = required()
    node = optional()
    api_key = fields.UUID(load_default=None, allow_none=True)
    databases = fields.Dict(keys=Text(), load_default=dict)
    online = fields.Boolean(load_default=True)


class StudySeed(Part):
    """
    A study of some participants of a collaboration.
    """

    name = required()
    organizations = several(Text())


class StoreSeed(Part):
    """
    An algorithm store.
    """

    name = required()
    url = required()


class DatabaseSeed(Part):
    """
    A database that a task asks for; its label alone will do.
    """

    label = required()
    parameters = fields.Dict(keys=Text(), load_default=dict, validate=sendable)

    @pre_load
    def _from_label(self, data: Any, **_: Any) -> Any:
        return {"label": data} if isinstance(data, str) else data


class RunSeed(Part):
    """
    One organization's run of a task, as far as it has got.
    """

    organization = required()
    status = Text(load_default=PENDING, validate=validate.OneOf(STATUSES))
    result = fields.Raw(load_default=None, allow_none=True, validate=sendable)
    log = optional()


class TaskSeed(Part):
    """
    A task of a collaboration, with its runs and subtasks; its image alone will do.
    """

    name = Text(load_default=EXAMPLE)
    description = Text(load_default="")
    image = optional()
    user = optional()
    study = optional()
    store = optional()
    input = fields.Raw(load_default=dict, validate=sendable)
    databases = several(fields.Nested(DatabaseSeed))
    organizations = fields.List(Text(), load_default=None)
    runs = several(fields.Nested(RunSeed))
    subtasks = several(fields.Nested(lambda: TaskSeed()))  # noqa: PLW0108 -- the class is not there yet

    @pre_load
    def _from_image(self, data: Any, **_: Any) -> Any:
        return {"image": data} if isinstance(data, str) else data


class CollaborationSeed(Part):
    """
    A collaboration with its participants; encrypted unless it says otherwise, as the real import has it.
    """

    name = required()
    encrypted = fields.Boolean(load_default=True)
    participants = several(fields.Nested(ParticipantSeed))
    studies = several(fields.Nested(StudySeed))
    stores = several(fields.Nested(StoreSeed))
    tasks = several(fields.Nested(TaskSeed))


FIELDS: dict[type, type[fields.Field[Any]]] = {
    bool: fields.Boolean,
    int: fields.Integer,
    float: fields.Float,
    str: Text,
}


def _setting(name: str, kind: str) -> fields.Field[Any]:
    hint = get_type_hints(Settings)[name]
    fits, expected = KINDS[kind]

    def check(value: Any) -> None:
        if not fits(value):
            raise ValidationError(f"{value!r}: {expected} is expected")

    return FIELDS[(get_args(hint) or (hint,))[0]](validate=check, allow_none=fits(None))


ServerSeed = type(
    "ServerSeed",
    (Part,),
    {"__doc__": "The server's settings.", **{one.name: _setting(one.name, str(one.type)) for one in columns(Settings)}},
)


class SeedSchema(Part):
    """
    A whole seed.
    """

    server = fields.Nested(ServerSeed, load_default=dict)
    organizations = several(fields.Nested(OrganizationSeed))
    collaborations = several(fields.Nested(CollaborationSeed))
    stores = several(fields.Nested(StoreSeed))


def read(source: Source, world: World) -> Seed:
    """
    Read a seed, and look up every name in it.

    Parameters
    ----------
    source : mapping or path
        The seed, or a YAML file with it.
    world : World
        Where it is to be planted; it is not changed.

    Returns
    -------
    Seed
        The seed, complete and without a mistake.

    Raises
    ------
    SeedError
        If the seed does not describe a world; names file, line, key and what was expected.
    """
    document = Document.read(source)
    try:
        data: Any = SeedSchema().load(document.data)
    except ValidationError as error:
        path, reason = _first(error.messages_dict)
        raise document.error(path, reason) from error
    _Reader(world, document, data).check()
    return Seed(data, document.folder)


@dataclass(frozen=True, slots=True)
class Seed:
    """
    A seed without a mistake.

    Attributes
    ----------
    data : mapping
        What `SeedSchema` has, every key given.
    folder : Path
        What paths in it are relative to.
    """

    data: Mapping[str, Any]
    folder: Path

    @property
    def has_root(self) -> bool:
        """
        Whether it has a user root of its own.
        """
        return _has_root(self.data)


def _has_root(data: Mapping[str, Any]) -> bool:
    return any(user["username"] == ROOT for organization in data["organizations"] for user in organization["users"])


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
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            msg = f"the seed {file} cannot be read: {error}"
            raise SeedError(msg) from error

    @property
    def folder(self) -> Path:
        """
        What paths in the seed are relative to.
        """
        return self.file.parent if self.file else Path()

    def error(self, path: Place, reason: str) -> SeedError:
        """
        Return the error for a mistake at a place in the seed.
        """
        where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
        place = f"{self.file}, line {self._line(path)}" if self.file else "the seed"
        return SeedError(f"{place}: {where or 'the document'}: {reason}")

    def _line(self, path: Place) -> int:
        node = self.root
        for step in path:
            children: dict[Any, Any] = {key.value: value for key, value in node.value} if node.id == "mapping" else {}
            if node.id == "sequence" and isinstance(step, int):
                children = dict(enumerate(node.value))
            if step not in children:
                break
            node = children[step]
        return int(node.start_mark.line) + 1 if node is not None else 1


def _first(errors: Any, path: Place = ()) -> tuple[Place, str]:
    """
    Return the place and the text of the first of marshmallow's errors.

    A key that is misspelt comes before the one that is then missing.
    """
    while isinstance(errors, dict):
        step, errors = min(
            errors.items(), key=lambda one: not (isinstance(one[1], list) and one[1][0].startswith(UNKNOWN))
        )
        path = path if step == "_schema" else (*path, step)
    return path, str(errors[0])


class _Reader:
    """
    Refuses names that are taken, and names that nothing has.
    """

    def __init__(self, world: World, document: Document, data: Mapping[str, Any]) -> None:
        self._world = world
        self._document = document
        self._data = data
        gone = {row.organization_id for row in world.user if row.username == ROOT} if _has_root(data) else set()
        users = [row for row in world.user if row.organization_id not in gone]
        self._organizations = {row.name for row in world.organization if row.id not in gone}
        self._usernames = {row.username for row in users}
        self._emails = {row.email for row in users if row.email is not None}
        self._rules = {str(key) for key in world.rule_ids}
        self._default_roles = {row.name for row in world.role if row.is_default_role} | {SUPER}
        self._owners: dict[str, str] = {}

    def check(self) -> None:
        """
        Read the seed from its beginning to its end.
        """
        for place, organization in _each(self._data, (), "organizations"):
            self._add(self._organizations, organization["name"], (*place, "name"))
            self._check_organization(organization, place)
        self._require_known_parts(self._data, ())
        collaborations = {row.name for row in self._world.collaboration}
        self._nodes = {row.name for row in self._world.node}
        self._studies = {row.name for row in self._world.study}
        for place, collaboration in _each(self._data, (), "collaborations"):
            self._add(collaborations, collaboration["name"], (*place, "name"))
            self._check_collaboration(collaboration, place)

    def _check_organization(self, organization: Mapping[str, Any], place: Place) -> None:
        if organization["private_key"] is not None:
            self._check_private_key(self._document.folder / organization["private_key"], (*place, "private_key"))
        roles = set(self._default_roles)
        own: set[str] = set()
        for there, role in _each(organization, place, "roles"):
            self._add(own, role["name"], (*there, "name"))
            self._require_all(role["rules"], self._rules, "rule", (*there, "rules"))
        for there, user in _each(organization, place, "users"):
            self._add(self._usernames, user["username"], (*there, "username"))
            if user["email"] is not None:
                self._add(self._emails, user["email"], (*there, "email"))
            self._require_all(user["roles"], roles | own, "role", (*there, "roles"))
            self._require_all(user["rules"], self._rules, "rule", (*there, "rules"))
            self._owners[user["username"]] = organization["name"]

    def _check_private_key(self, file: Path, place: Place) -> None:
        if not file.is_file():
            raise self._document.error(place, f"there is no file {file}")
        try:
            _keys.load(file)
        except MockUsageError as error:
            raise self._document.error(place, str(error)) from error

    def _check_collaboration(self, collaboration: Mapping[str, Any], place: Place) -> None:
        members: set[str] = set()
        for there, participant in _each(collaboration, place, "participants"):
            self._require(participant["name"], self._organizations, "organization", (*there, "name"))
            self._add(members, participant["name"], (*there, "name"))
            self._add(self._nodes, node_name(participant, collaboration), (*there, "node"))
            self._check_databases(participant["databases"], (*there, "databases"))
            if collaboration["encrypted"] and collaboration["tasks"]:
                self._require_key(participant["name"])
        self._require_known_parts(collaboration, place)
        studies: dict[str, set[str]] = {}
        for there, study in _each(collaboration, place, "studies"):
            self._add(self._studies, study["name"], (*there, "name"))
            self._require_all(study["organizations"], members, "participant", (*there, "organizations"))
            studies[study["name"]] = set(study["organizations"])
        stores = {store["name"] for store in [*self._data["stores"], *collaboration["stores"]]}
        if collaboration["tasks"] and not members:
            raise self._document.error((*place, "tasks"), "a task needs participants to run it; there are none")
        for there, task in _each(collaboration, place, "tasks"):
            if task["image"] is None:
                raise self._document.error(there, "image: Missing data for required field.")
            self._check_task(task, there, _Surroundings(members, studies, stores))

    def _require_key(self, organization: str) -> None:
        """
        Refuse an organization that inputs and results cannot be encrypted for.
        """
        for place, one in _each(self._data, (), "organizations"):
            if one["name"] == organization and one["public_key"] and not _keys.is_public(one["public_key"]):
                raise self._document.error(
                    (*place, "public_key"), "this is not the base64 of an RSA public key in PEM format"
                )

    def _check_databases(self, databases: Mapping[str, Any], place: Place) -> None:
        label = ""
        try:
            for label, entry in databases.items():
                described(label, entry, self._document.folder)
        except MockUsageError as error:
            raise self._document.error((*place, label), str(error)) from error

    def _require_known_parts(self, holder: Mapping[str, Any], place: Place) -> None:
        for key in sorted(self._world.release.absent_parts):
            if holder.get(key):
                raise self._document.error((*place, key), f"server {self._world.release.version} has no {key}")

    def _check_task(
        self, task: Mapping[str, Any], place: Place, around: _Surroundings, study: str | None = None
    ) -> None:
        """
        Check a task and its subtasks, which are in its study unless they name another one.
        """
        if task["study"] is not None:
            self._require(task["study"], around.studies, "study", (*place, "study"))
            study = task["study"]
        if task["store"] is not None:
            self._require(task["store"], around.stores, "store", (*place, "store"))
        if task["user"] is not None:
            owners = {user for user, owner in self._owners.items() if owner in around.members}
            self._require(task["user"], owners, "user of a participant", (*place, "user"))
        members = around.members if study is None else around.studies[study]
        self._require_all(task["organizations"] or (), members, "participant", (*place, "organizations"))
        seen: set[str] = set()
        for there, run in _each(task, place, "runs"):
            self._require(run["organization"], members, "participant", (*there, "organization"))
            self._add(seen, run["organization"], (*there, "organization"))
        for there, subtask in _each(task, place, "subtasks"):
            self._check_task(subtask, there, around, study)

    def _add(self, names: set[str], name: str, place: Place) -> None:
        if name in names:
            raise self._document.error(place, f"{name!r} is there already; names must differ")
        names.add(name)

    def _require(self, name: str, known: Iterable[str], noun: str, place: Place) -> None:
        if name not in known:
            raise self._document.error(
                place, f"there is no {noun} {name!r}; there are {', '.join(sorted(known)) or 'none'}"
            )

    def _require_all(self, names: Sequence[str], known: Iterable[str], noun: str, place: Place) -> None:
        for position, name in enumerate(names):
            self._require(name, known, noun, (*place, position))


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """
    The names that a task of one collaboration can mention.
    """

    members: set[str]
    studies: Mapping[str, set[str]]
    stores: set[str]


def _each(holder: Mapping[str, Any], place: Place, key: str) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """
    Return the parts under a key, each with its place.
    """
    for position, part in enumerate(holder[key]):
        yield (*place, key, position), part


def node_name(participant: Mapping[str, Any], collaboration: Mapping[str, Any]) -> str:
    """
    Return the name of a participant's node.
    """
    return str(participant["node"] or f"{participant['name']} - {collaboration['name']} Node")
