"""
Random programs: requests that are drawn from the state that the earlier ones left, each compared on both servers.

Hypothesis draws them; one that differs is shrunk by leaving out requests. Requests speak of what is in the world,
seldom of what is not, and are sent by whoever is in it; names come from a handful, so that they clash.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from v6mockserver.state.permissions import rules_of_user

from .answers import Answer
from .case import ABSENT, Case, body, target
from .cast import IMAGE, INPUT, PASSWORD, RESULT, SECRET_INPUT
from .deviations import unexplained
from .operations import MISSING_ID
from .stage import Compared, Played
from .tokens import claims_of_container, claims_of_node, claims_of_user

if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from datetime import datetime

    from v6mockserver.state.world import World

    from .answers import Delta, Tables
    from .stage import Stage

    Row = dict[str, Any]

AREA = "programs"
NAMES = ("ant", "bee", "cat", "dog", "eel", "fox")
IMAGES = (IMAGE, "example.org/other:2")
MOMENTS = ("2021-02-03T04:05:06.000007", "2021-02-03T04:05:07.000008")
FAILED = ("failed", "crashed", "start failed", "killed by user", "not allowed")
STATUSES = ("pending", "initializing", "active", "completed", *FAILED)
DELETED = ("organization", "collaboration", "study", "user", "role", "node", "task")
LISTED = (*DELETED, "run", "result", "rule", "algorithmstore")
TABLES = {"result": "run", "algorithmstore": "algorithm_store"}
"""The tables of nouns that are not named after theirs."""

NOT_STARTED = re.compile(r"(Marked as failed because sibling run|Not started, because run) .*")
"""What the server writes into the log of a run that waits when another one of its task fails."""

names = st.sampled_from(NAMES)
words = st.sampled_from(["", "a word", "two words"])
likely = st.sampled_from([True, True, True, False])
flags = st.sampled_from([{}, {"delete_dependents": "true"}])


class DifferenceError(AssertionError):
    """
    The last request of a program differs; as text, a script that can be played again, and where it ended.

    Parameters
    ----------
    program : list of dict
        The requests, each with the claims of whoever sent it.
    found : list of str
        What differs.
    """

    def __init__(self, program: list[Row], found: list[str]) -> None:
        lines = [json.dumps(request) for request in program]
        head = "the last of these requests differs (to play them again, name a file of these lines in V6_PROGRAM):"
        super().__init__("\n".join([head, *lines, "", *found]))
        self.program, self.found = program, found


class Programs(RuleBasedStateMachine):
    """
    Programs for one version; `stage` is set by a subclass.
    """

    stage: Stage
    moment: datetime
    taken: dict[str, list[tuple[Case, Played]]]

    def __init__(self) -> None:
        super().__init__()
        self.stage.restore()
        self.world.clock.freeze(self.moment)
        self.version = self.stage.cast.version
        self.steps: list[tuple[Case, Played]] = []
        self.is_over = False

    def teardown(self) -> None:
        """Keep what was played."""
        self.taken["\n".join(str(case) for case, _ in self.steps)] = self.steps

    @property
    def world(self) -> World:
        """What the mock knows now."""
        return self.stage.mock.side._server._world

    # What there is, and who can be asked to send a request.

    def rows(self, noun: str) -> list[Any]:
        """Return the rows of a noun."""
        return list(getattr(self.world, TABLES.get(noun, noun)))

    def some(self, data: st.DataObject, noun: str) -> int:
        """Draw the id of something, or seldom of nothing."""
        ids = [row.id for row in self.rows(noun)]
        return data.draw(st.sampled_from([*ids, *ids, MISSING_ID]))

    def several(self, data: st.DataObject, noun: str, *, smallest: int = 0) -> list[int]:
        """Draw the ids of several things."""
        ids = [row.id for row in self.rows(noun)] * 3
        return data.draw(st.lists(st.sampled_from([*ids, MISSING_ID]), min_size=smallest, max_size=3, unique=True))

    def a_user(self, data: st.DataObject) -> str:
        """Draw a user, root more often than others."""
        users = [row.id for row in self.rows("user")]
        return self.user(data.draw(st.sampled_from([users[0]] * 2 * len(users) + users)))

    def user(self, id_: int) -> str:
        """Return a user as a caller."""
        return self.caller(f"user {id_}", claims_of_user(id_, []))

    def a_node(self, data: st.DataObject) -> str:
        """Draw a node, or a user where there is none."""
        if not self.rows("node"):
            return self.a_user(data)
        return self.node(data.draw(st.sampled_from(self.rows("node"))).id)

    def node(self, id_: int) -> str:
        """Return a node as a caller."""
        return self.caller(f"node {id_}", claims_of_node(id_))

    def a_container(self, data: st.DataObject) -> str:
        """Draw a container, of a run that some node might be at, or a user where there is none."""
        if not (self.rows("run") and self.rows("node")):
            return self.a_user(data)
        row = data.draw(st.sampled_from(self.rows("run")))
        task = self.world.task[row.task_id]
        at_work = (row.organization_id, task.collaboration_id)
        nodes = [one for one in self.rows("node") if (one.organization_id, one.collaboration_id) == at_work]
        node = nodes[0] if nodes else self.rows("node")[0]
        claims = claims_of_container(
            node_id=node.id,
            organization_id=node.organization_id,
            collaboration_id=task.collaboration_id,
            study_id=task.study_id,
            task_id=task.id,
            image=task.image,
        )
        where = f"organization {node.organization_id} in collaboration {task.collaboration_id}"
        # The name says all that the claims do: tokens and recordings know callers by it.
        what = f"task {task.id} in study {task.study_id} of {task.image}"
        return self.caller(f"container of node {node.id} of {where} for {what}", claims)

    def anybody(self, data: st.DataObject) -> str:
        """Draw a caller of any kind, a user more often than others."""
        draw = data.draw(st.sampled_from([self.a_user, self.a_user, self.a_user, self.a_node, self.a_container]))
        return draw(data)

    def caller(self, name: str, claims: dict[str, Any]) -> str:
        """Let both servers know a caller."""
        self.stage.cast.callers[name] = claims
        return name

    # What is sent.

    def play(self, caller: str, method: str, path: str, content: Any = ABSENT, query: Any = ()) -> None:
        """Send a request to both servers, and compare what comes of it."""
        where = {"route": route(method, path), "method": method, "target": target(path, query)}
        self.play_case(Case(area=AREA, caller=caller, **where, **body(content)))

    def play_case(self, case: Case) -> None:
        """Send a case to both servers, and compare what comes of it."""
        if self.is_over:
            return
        real, mock = self.stage.play(case)
        self.steps.append((case, real))
        found = compared(case, real, mock, self.stage.world.tables)
        unknown = unexplained(self.version, case, found)
        if unknown:
            raise DifferenceError(self.program(), unknown)
        # After a known difference of the worlds there is nothing more to be learnt from them.
        self.is_over = any(line.startswith("changes") for line in found)

    def program(self) -> list[Row]:
        """Return the program so far as plain data, with the claims of those who sent requests."""
        return [case.data() | {"claims": self.stage.cast.callers[case.caller]} for case, _ in self.steps]

    @rule(
        data=st.data(),
        name=names,
        texts=st.fixed_dictionaries({}, optional=dict.fromkeys(("country", "domain"), words)),
    )
    def create_organization(self, data, name, texts):
        """A new organization."""
        self.play(self.a_user(data), "POST", "/organization", {"name": name, **texts})

    @rule(data=st.data(), name=names, encrypted=st.booleans())
    def create_collaboration(self, data, name, encrypted):
        """A new collaboration."""
        members = self.several(data, "organization", smallest=1)
        content = {"name": name, "organization_ids": members, "encrypted": encrypted}
        self.play(self.a_user(data), "POST", "/collaboration", content)

    @precondition(lambda self: self.version != "4.0")
    @rule(data=st.data(), name=names)
    def create_study(self, data, name):
        """A new study."""
        members = self.several(data, "organization", smallest=1)
        content = {"name": name, "organization_ids": members, "collaboration_id": self.some(data, "collaboration")}
        self.play(self.a_user(data), "POST", "/study", content)

    @rule(data=st.data(), name=names, other=names)
    def create_user(self, data, name, other):
        """A new user."""
        content = {
            "username": name,
            "email": f"{other}@example.org",
            "password": PASSWORD,
            "firstname": name,
            "lastname": other,
            "organization_id": self.some(data, "organization"),
            "roles": self.several(data, "role"),
            "rules": self.several(data, "rule"),
        }
        self.play(self.a_user(data), "POST", "/user", content)

    @rule(data=st.data(), name=names, description=words)
    def create_role(self, data, name, description):
        """A new role."""
        content = {"name": name, "description": description, "rules": self.several(data, "rule")}
        content |= data.draw(st.sampled_from([{}, {"organization_id": self.some(data, "organization")}]))
        self.play(self.a_user(data), "POST", "/role", content)

    @rule(data=st.data(), name=st.one_of(st.none(), names))
    def create_node(self, data, name):
        """A new node."""
        content = {"collaboration_id": self.some(data, "collaboration")} | ({"name": name} if name else {})
        content |= data.draw(st.sampled_from([{}, {"organization_id": self.some(data, "organization")}]))
        self.play(self.a_user(data), "POST", "/node", content)

    @rule(data=st.data(), name=names, image=st.sampled_from(IMAGES))
    def create_task(self, data, name, image):
        """A new task, by somebody who might be allowed to."""
        content = {"name": name, "image": image, **self.place(data)}
        members = self.world.collaboration_organization.rights(content["collaboration_id"])
        users = [
            row.id for row in self.rows("user") if row.organization_id in members and self.may_create_tasks(row.id)
        ]
        user = self.user(data.draw(st.sampled_from(users))) if users and data.draw(likely) else self.a_user(data)
        self.play(user, "POST", "/task", content)

    def may_create_tasks(self, user: int) -> bool:
        """Say whether a user holds a rule to create tasks."""
        held = rules_of_user(self.world, user)
        return any(self.world.rule[id_].name == "task" and self.world.rule[id_].operation == "CREATE" for id_ in held)

    @precondition(lambda self: self.rows("run") and self.rows("node"))
    @rule(data=st.data(), name=names)
    def create_subtask(self, data, name):
        """A new subtask."""
        container = self.a_container(data)
        claims = self.stage.cast.callers[container]["sub"]
        places = self.place(data) | {"collaboration_id": claims["collaboration_id"]}
        self.play(container, "POST", "/task", {"name": name, "image": claims["image"], **places})

    def place(self, data: st.DataObject) -> Row:
        """Draw where a task is to run, most often where it can."""
        collaboration = data.draw(st.sampled_from([*self.rows("collaboration"), None]))
        if collaboration is None:
            targets, where = self.several(data, "organization", smallest=1), MISSING_ID
        else:
            members = [row.organization_id for row in self.rows("node") if row.collaboration_id == collaboration.id]
            ids = st.sampled_from([*members, *members, self.some(data, "organization")])
            targets, where = data.draw(st.lists(ids, min_size=1, max_size=2, unique=True)), collaboration.id
        input_ = SECRET_INPUT if collaboration is not None and collaboration.encrypted else INPUT
        databases = data.draw(st.sampled_from([[], [{"label": "default"}], [{"label": "d", "query": "q"}]]))
        organizations = [{"id": id_, "input": input_} for id_ in targets]
        studies = [{"study_id": row.id} for row in self.rows("study") if row.collaboration_id == where]
        study = data.draw(st.sampled_from([{}, {}, {}, *studies]))
        return {"collaboration_id": where, "organizations": organizations, "databases": databases, **study}

    @precondition(lambda self: self.rows("run") and self.rows("node"))
    @rule(data=st.data())
    def report_on_run(self, data):
        """A report by a node that might be running it."""
        run = data.draw(st.sampled_from(self.rows("run")))
        at_work = [row for row in self.rows("node") if row.organization_id == run.organization_id]
        node = self.node(at_work[0].id) if at_work and data.draw(likely) else self.a_node(data)
        optional = {
            "status": st.sampled_from(STATUSES),
            "started_at": st.sampled_from(MOMENTS),
            "finished_at": st.sampled_from(MOMENTS),
            "result": st.sampled_from(["", RESULT]),
            "log": words,
        }
        content = data.draw(st.fixed_dictionaries({}, optional=optional))
        self.play(node, "PATCH", f"/run/{run.id}", content)

    @rule(data=st.data())
    def container_token(self, data):
        """A token for a container."""
        task = data.draw(st.sampled_from([*self.rows("task"), None]))
        if task is None:
            self.play(self.a_node(data), "POST", "/token/container", {"task_id": MISSING_ID, "image": IMAGE})
            return
        nodes = [row.id for row in self.rows("node") if row.collaboration_id == task.collaboration_id]
        node = self.node(data.draw(st.sampled_from(nodes))) if nodes and data.draw(likely) else self.a_node(data)
        self.play(node, "POST", "/token/container", {"task_id": task.id, "image": task.image})

    @rule(data=st.data(), noun=st.sampled_from(["user", "organization", "collaboration", "study", "role", "node"]))
    def update(self, data, noun):
        """A change."""
        if noun == "study" and self.version == "4.0":
            noun = "role"
        fields = getattr(self, f"{noun}_fields")(data)
        self.play(self.a_user(data), "PATCH", f"/{noun}/{self.some(data, noun)}", fields)

    def user_fields(self, data: st.DataObject) -> Row:
        """Draw what to change of a user."""
        optional = {
            "firstname": words,
            "email": names.map("{}@example.org".format),
            "roles": st.just(self.several(data, "role")),
            "rules": st.just(self.several(data, "rule")),
        }
        return data.draw(
            st.sampled_from(sorted(optional)).flatmap(lambda key: st.fixed_dictionaries({key: optional[key]}))
        )

    def organization_fields(self, data: st.DataObject) -> Row:
        """Draw what to change of an organization."""
        return data.draw(st.fixed_dictionaries({}, optional={"name": names, "country": words, "address1": words}))

    def collaboration_fields(self, data: st.DataObject) -> Row:
        """Draw what to change of a collaboration."""
        members = st.just(self.several(data, "organization", smallest=1))
        optional = {"name": names, "encrypted": st.booleans(), "organization_ids": members}
        return data.draw(
            st.sampled_from(sorted(optional)).flatmap(lambda key: st.fixed_dictionaries({key: optional[key]}))
        )

    def study_fields(self, data: st.DataObject) -> Row:
        """Draw what to change of a study."""
        members = st.just(self.several(data, "organization", smallest=1))
        return data.draw(
            st.one_of(st.builds(lambda name: {"name": name}, names), members.map(lambda ids: {"organization_ids": ids}))
        )

    def role_fields(self, data: st.DataObject) -> Row:
        """Draw what to change of a role."""
        rules = st.just(self.several(data, "rule"))
        return data.draw(
            st.one_of(
                st.fixed_dictionaries({}, optional={"name": names, "description": words}),
                rules.map(lambda ids: {"rules": ids}),
            )
        )

    def node_fields(self, data: st.DataObject) -> Row:
        """Draw what to change of a node."""
        addresses = st.sampled_from(["10.0.0.1", "::1"])
        return data.draw(
            st.fixed_dictionaries({}, optional={"name": names, "ip": addresses, "clear_ip": st.booleans()})
        )

    @rule(data=st.data(), noun=st.sampled_from(DELETED), query=flags)
    def delete(self, data, noun, query):
        """A deletion, with or without what depends on it."""
        if self.version == "4.0" and noun in {"study", "organization"}:
            noun = "node"
        id_ = self.some(data, noun)
        if self.strands_subtasks(noun, id_):
            query = {}  # see "orphans" in docs/fidelity.md
        self.play(self.a_user(data), "DELETE", f"/{noun}/{id_}", query=query)

    def strands_subtasks(self, noun: str, id_: int) -> bool:
        """Say whether subtasks would stay when the tasks of something go."""
        key = TASKS_OF.get(noun)
        going = {row.id for row in self.rows("task") if key and getattr(row, key) == id_}
        return any(row.parent_id in going and row.id not in going for row in self.rows("task"))

    @rule(
        data=st.data(),
        method=st.sampled_from(["POST", "DELETE"]),
        places=st.sampled_from(["collaboration organization", "collaboration node", "study organization", "role rule"]),
    )
    def membership(self, data, method, places):
        """Something comes to something else, or leaves it."""
        owner, member = places.split()
        if self.version == "4.0" and owner == "role":
            method = "POST"  # see "rule-not-removed" in docs/fidelity.md
        if owner == "study" and self.version == "4.0":
            owner = "collaboration"
        place, id_ = self.some(data, owner), self.some(data, member)
        if (owner, member) == ("collaboration", "node") and self.has_a_node_of(place, id_):
            id_ = MISSING_ID  # see the end of docs/fidelity.md
        path = f"/{owner}/{place}/{member}"
        user = self.a_user(data)
        if owner == "role":
            self.play(user, method, f"{path}/{id_}")
        else:
            self.play(user, method, path, {"id": id_})

    def has_a_node_of(self, collaboration: int, id_: int) -> bool:
        """Say whether a collaboration has another node of the organization that a node is of."""
        node = self.world.node.get(id_)
        others = [row for row in self.rows("node") if row.collaboration_id == collaboration and row.id != id_]
        return node is not None and any(row.organization_id == node.organization_id for row in others)

    @rule(data=st.data(), noun=st.sampled_from(["task", "task", "node"]))
    def kill(self, data, noun):
        """A task is killed, or all that a node runs."""
        path = "/kill/task" if noun == "task" else "/kill/node/tasks"
        id_ = self.some(data, noun)
        if noun == "node" and id_ in self.world.node and self.world.node[id_].status == "online":
            id_ = MISSING_ID  # see "kill-on-a-node" in docs/fidelity.md
        self.play(self.a_user(data), "POST", path, {"id": id_})

    @rule(data=st.data(), noun=st.sampled_from(LISTED))
    def read(self, data, noun):
        """One thing is looked at."""
        if self.version == "4.0" and noun in {"study", "algorithmstore"}:
            noun = "task"
        include = {
            "task": ["results", "runs"],
            "run": ["task"],
            "collaboration": ["organizations"],
            "study": ["organizations"],
        }
        choices = [{}, *({"include": one} for one in include.get(noun, ()))]
        self.play(
            self.anybody(data), "GET", f"/{noun}/{self.some(data, noun)}", query=data.draw(st.sampled_from(choices))
        )

    @precondition(lambda self: self.version != "4.0")
    @rule(data=st.data())
    def read_status(self, data):
        """The status of a task is asked for."""
        self.play(self.anybody(data), "GET", f"/task/{self.some(data, 'task')}/status")

    @rule(data=st.data(), noun=st.sampled_from(LISTED), size=st.integers(1, 7), page=st.integers(1, 3))
    def read_page(self, data, noun, size, page):
        """A page of a list, filtered or not."""
        if self.version == "4.0" and noun in {"study", "algorithmstore"}:
            noun = "run"
        if noun in {"run", "result"} and not self.runs_have_nodes():
            noun = "task"  # see the end of docs/fidelity.md
        query = data.draw(st.sampled_from([{}, {"page": page, "per_page": size}, {"per_page": size}]))
        key = data.draw(st.sampled_from([None, *FILTERS.get(noun, ())]))
        if key is not None:
            query |= {key: self.filter_value(data, key)}
        self.play(self.anybody(data), "GET", f"/{noun}", query=query)

    def runs_have_nodes(self) -> bool:
        """Say whether every organization that has a run has a node somewhere."""
        return {row.organization_id for row in self.rows("run")} <= {row.organization_id for row in self.rows("node")}

    def filter_value(self, data: st.DataObject, key: str) -> Any:
        """Draw a value to filter by."""
        noun = NAMED.get(key, key.removesuffix("_id"))
        if key.endswith("_id"):
            return self.some(data, noun)
        return data.draw(st.sampled_from(["%", "a%", "%t%", "ant", "____", "open"]))


def play_again(machine: Programs, program: Iterable[Row]) -> None:
    """
    Play the requests of a program.
    """
    for row in program:
        line = dict(row)
        machine.caller(line["caller"], line.pop("claims"))
        machine.play_case(Case.from_data(line))


def shrunk(machine: type[Programs], error: DifferenceError) -> DifferenceError:
    """
    Leave out requests of a program that differs, as long as what is left differs.
    """
    for place in reversed(range(len(error.program) - 1)):
        error = _difference(machine, error.program[:place] + error.program[place + 1 :]) or error
    return DifferenceError(error.program, error.found)


def _difference(machine: type[Programs], program: list[Row]) -> DifferenceError | None:
    try:
        play_again(machine(), program)
    except DifferenceError as error:
        return error
    return None


def compared(case: Case, real: Played, mock: Played, before: Tables) -> list[str]:
    """
    Return where the mock differs after a request of a program, one line for each place.
    """
    real = real._replace(changes=without_orphans(real.changes, before))
    return Compared(case, *(_plain(played) for played in (real, mock))).differences


def _plain(played: Played) -> Played:
    answer = played.answer
    return Played(Answer(answer.status, answer.headers, _without_whims(answer.body)), _without_whims(played.changes))


def _without_whims(value: Any, key: str = "") -> Any:
    # Members are listed in no particular order, and what the server writes into the log of a run is its own wording.
    if isinstance(value, dict):
        return {name: _without_whims(member, name) for name, member in value.items()}
    if isinstance(value, list):
        members = [_without_whims(member) for member in value]
        return sorted(members, key=lambda member: member["id"]) if key == "organizations" else members
    return NOT_STARTED.sub("<why>", value) if key == "log" and isinstance(value, str) else value


def without_orphans(changes: Delta, before: Tables) -> Delta:
    """
    Return what became of tables, with what is left of deleted tasks and nodes counted as deleted with them.

    See "orphans" in docs/fidelity.md.
    """
    rows = {table: dict(changed) for table, changed in changes.items()}
    for table, (key, owner) in OWNED.items():
        gone = {int(id_) for id_, columns in changes.get(owner, {}).items() if columns is None}
        gone |= {int(id_) for id_, columns in changes.get(owner, {}).items() if is_orphan(columns)}
        left = {str(row["id"]): {} for row in before[table] if row[key] in gone} | rows.get(table, {})
        orphans = {id_ for id_, columns in left.items() if columns == {} or is_orphan(columns, key, gone)}
        old = {str(row["id"]) for row in before[table]}
        rows[table] = left | dict.fromkeys(orphans)
        for id_ in orphans - old:
            del rows[table][id_]
    return {table: changed for table, changed in rows.items() if changed}


def is_orphan(columns: Any, key: str = "task_id", gone: Container[int] = ()) -> bool:
    """
    Say whether a changed row has lost the row that it belongs to.
    """
    return isinstance(columns, dict) and key in columns and (columns[key] is None or columns[key] in gone)


OWNED = {
    "run": ("task_id", "task"),
    "task_database": ("task_id", "task"),
    "port": ("run_id", "run"),
    "node_config": ("node_id", "node"),
}
"""Tables whose rows belong to a row of another one: the column that says so, and the other table."""

FILTERS = {
    "organization": ("name", "country", "collaboration_id"),
    "collaboration": ("name", "organization_id"),
    "study": ("name", "organization_id", "collaboration_id"),
    "user": ("username", "organization_id", "role_id", "firstname"),
    "role": ("name", "organization_id", "rule_id", "user_id"),
    "node": ("name", "organization_id", "collaboration_id"),
    "task": ("name", "collaboration_id", "init_org_id", "init_user_id", "parent_id", "image", "is_user_created"),
    "run": ("task_id", "organization_id", "collaboration_id", "state", "node_id"),
    "result": ("task_id",),
    "rule": ("name", "role_id"),
}
"""What lists are filtered by."""

TASKS_OF = {
    "organization": "init_org_id",
    "user": "init_user_id",
    "collaboration": "collaboration_id",
    "study": "study_id",
}
"""The column of a task that says what it goes with, by noun."""

NAMED = {"init_org_id": "organization", "init_user_id": "user", "parent_id": "task"}
"""The nouns of ids that are not named after them."""


def route(method: str, path: str) -> str:
    """
    Return the route of a request, with its ids left open.
    """
    words = ["<id>" if word.isdigit() else word for word in path.split("/")]
    return f"{method} {'/'.join(words)}"
