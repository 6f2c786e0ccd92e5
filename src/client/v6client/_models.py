"""
The shapes of the server's answers, for type checkers: at run time they are plain dicts.

Optional keys (`total=False`) are those that only newer servers send, or only some calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeAlias, TypedDict, TypeVar

Row = TypeVar("Row")


class Links(TypedDict, total=False):
    """
    Where the other pages of a list are; `previous`, `next` and `last` only exist where the page does.
    """

    first: str
    previous: str
    self: str
    next: str
    last: str


if TYPE_CHECKING:

    class Page(TypedDict, Generic[Row]):
        """
        One page of a list.
        """

        data: list[Row]
        links: Links

else:

    class Page(TypedDict):  # before Python 3.11 a TypedDict cannot be generic at run time
        """
        One page of a list.
        """

        data: list[Any]
        links: Links


class Reference(TypedDict):
    """
    A row of another noun, and what may be done with it.
    """

    id: int
    link: str
    methods: list[str]


class Message(TypedDict):
    """
    An answer that says what was done.
    """

    msg: str


class Version(TypedDict):
    """
    The server's version.
    """

    version: str


class Health(TypedDict):
    """
    Whether the server reaches its database.
    """

    database: bool


class TwoFactorSetup(TypedDict):
    """
    What an authenticator app needs: `qr_uri` as an address, `otp_secret` to type in.
    """

    qr_uri: str
    otp_secret: str
    msg: str


class EveryOrganization(TypedDict):
    """
    The keys of every organization.
    """

    id: int
    name: str
    domain: str | None
    address1: str | None
    address2: str | None
    zipcode: str | None
    country: str | None
    public_key: str
    collaborations: str
    nodes: str
    users: str
    tasks: str
    runs: str


class Organization(EveryOrganization, total=False):
    """
    An organization; its to-many relations are links.
    """

    studies: str


class EveryCollaboration(TypedDict):
    """
    The keys of every collaboration.
    """

    id: int
    name: str
    encrypted: bool
    organizations: str
    nodes: str
    tasks: str


class Collaboration(EveryCollaboration, total=False):
    """
    A collaboration; its to-many relations are links.
    """

    studies: str
    algorithm_stores: str


Organizations: TypeAlias = list[Organization]
"""
A bare list, as changes of members answer with; classes with a method `list` cannot say so themselves.
"""


class Study(TypedDict):
    """
    A part of a collaboration; `organizations` is a link, or a list where the call includes them.
    """

    id: int
    name: str
    collaboration: Reference
    organizations: str | list[Organization]
    tasks: str


class Store(TypedDict):
    """
    An algorithm store that the server knows; `collaborations` is None where it is for all of them.
    """

    id: int
    name: str
    url: str
    collaborations: str | None


class EveryUser(TypedDict):
    """
    The keys of every user.
    """

    id: int
    type: str
    username: str
    firstname: str | None
    lastname: str | None
    email: str
    ip: str | None
    last_seen: str | None
    status: str | None
    otp_secret: str | None
    organization: Reference
    roles: str
    rules: str


class User(EveryUser, total=False):
    """
    A user.
    """

    last_email_failed_login_sent: str | None
    last_email_recover_password_sent: str | None


class EveryRole(TypedDict):
    """
    The keys of every role.
    """

    id: int
    name: str
    description: str | None
    organization: Reference | None
    rules: str
    users: str


class Role(EveryRole, total=False):
    """
    A role; those that every server has belong to no organization.
    """

    is_default_role: bool


class Rule(TypedDict):
    """
    A rule: what may be done to which noun, in which scope.
    """

    id: int
    name: str
    scope: str
    operation: str
    description: str
    users: str


class NodeSetting(TypedDict):
    """
    One thing a node says about itself while it is online.
    """

    key: str
    value: str


class EveryNode(TypedDict):
    """
    The keys of every node.
    """

    id: int
    type: str
    name: str
    ip: str | None
    status: str | None
    last_seen: str | None
    config: list[NodeSetting]
    organization: Reference
    collaboration: Reference | None


class Node(EveryNode, total=False):
    """
    A node; `api_key` is in the answer to its creation and never again.
    """

    api_key: str


class TaskDatabase(TypedDict):
    """
    A database of a task; `parameters` is everything but its label, as JSON text.
    """

    label: str
    parameters: str


class EveryTask(TypedDict):
    """
    The keys of every task.
    """

    id: int
    name: str
    description: str
    image: str
    status: str
    created_at: str
    job_id: int
    collaboration: Reference
    init_org: Reference
    init_user: Reference
    parent: Reference | None
    children: str
    runs: str | list[Run]
    results: str | list[Result]
    databases: list[TaskDatabase]


class Task(EveryTask, total=False):
    """
    A task; `runs` and `results` are links, or lists where the call includes them.
    """

    finished_at: str | None
    study: Reference | None
    algorithm_store: Reference | None


class RunNode(TypedDict, total=False):
    """
    The node of a run; empty where the node is gone.
    """

    id: int
    ip: str | None
    status: str | None
    name: str


class Port(TypedDict):
    """
    A port at which an algorithm listens.
    """

    id: int
    port: int
    label: str | None


class EveryRun(TypedDict):
    """
    The keys of every run.
    """

    id: int
    status: str
    input: str
    log: str | None
    assigned_at: str | None
    started_at: str | None
    finished_at: str | None
    organization: Reference
    task: Reference | Task
    node: RunNode
    ports: list[Port]
    results: Reference


class Run(EveryRun, total=False):
    """
    One organization's part of a task; `task` is the task itself where the call includes it.
    """

    cleanup_at: str | None
    blob_storage_used: bool


class EveryResult(TypedDict):
    """
    The keys of every result.
    """

    id: int
    result: str | None
    run: Reference
    task: Reference


class Result(EveryResult, total=False):
    """
    What came of a run: `result` is JSON text, None until it is there. The id is that of the run.
    """

    cleanup_at: str | None
    blob_storage_used: bool


class NamedOrganization(TypedDict):
    """
    Which organization; where its name may not be seen, it is called by its id.
    """

    id: int
    name: str


class TaskResult(Result):
    """
    A result, and which organization's run it came of, with the status of that.
    """

    organization: NamedOrganization
    status: str


class RunSummary(TypedDict):
    """
    What errors and progress tell about a run.
    """

    id: int
    organization: str
    organization_id: int
    status: str
    log: str | None
    node: str
    node_status: str


class TaskUpdate(TypedDict):
    """
    What `on_update` is told of a task: its status, and its runs in the order in which it names their organizations.
    """

    id: int
    status: str
    runs: list[RunSummary]


class WhoAmI(NamedTuple):
    """
    Who is logged in.
    """

    type_: str
    id_: int
    name: str
    organization_name: str | None
    organization_id: int
