"""
The rows of a server: one frozen dataclass per table.

Names and columns are those of the real server's database (4.15.2), so that a world can be compared with a real one
column by column. A row is never changed; it is replaced by another one. It does not print its secrets. Times are UTC
text without an offset, as on the wire.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """
    A party that takes part in collaborations; owns users, nodes and roles.
    """

    id: int
    name: str
    domain: str | None = None
    address1: str | None = None
    address2: str | None = None
    zipcode: str | None = None
    country: str | None = None
    public_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collaboration:
    """
    A set of organizations that may send each other tasks.
    """

    id: int
    name: str
    encrypted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """
    A named subset of a collaboration's organizations.
    """

    id: int
    name: str
    collaboration_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """
    A person who logs in with a password.
    """

    type: ClassVar[str] = "user"
    """What sets users apart from nodes where both are in one table, as in the real server's database."""

    id: int
    username: str
    password: str = field(repr=False)
    firstname: str | None = None
    lastname: str | None = None
    email: str | None = None
    organization_id: int
    failed_login_attempts: int = 0
    last_login_attempt: str | None = None
    otp_secret: str | None = field(default=None, repr=False)
    last_email_failed_login_sent: str | None = None
    last_email_recover_password_sent: str | None = None
    ip: str | None = None
    last_seen: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """
    An organization's station in one collaboration; logs in with an api key.
    """

    type: ClassVar[str] = "node"
    """What sets nodes apart from users where both are in one table, as in the real server's database."""

    id: int
    name: str
    api_key: str = field(repr=False)
    collaboration_id: int | None
    organization_id: int
    ip: str | None = None
    last_seen: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeConfig:
    """
    One setting that a connected node shares with the server.
    """

    id: int
    node_id: int
    key: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """
    Permission to do one operation on one kind of resource within one scope.
    """

    id: int
    name: str
    operation: str
    scope: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """
    A named set of rules; without an organization it is a default role.
    """

    id: int
    name: str
    description: str | None = None
    organization_id: int | None = None
    is_default_role: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgorithmStore:
    """
    A catalogue of algorithms; without a collaboration it serves all of them.
    """

    id: int
    name: str
    url: str
    collaboration_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """
    A request to run one algorithm at some organizations.
    """

    id: int
    name: str
    description: str
    image: str
    collaboration_id: int
    study_id: int | None
    job_id: int
    parent_id: int | None
    init_org_id: int
    init_user_id: int
    created_at: str
    algorithm_store_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDatabase:
    """
    A database that a task wants: its label, and the rest as compact JSON text.
    """

    id: int
    task_id: int
    database: str
    parameters: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """
    One organization's share of a task.
    """

    id: int
    input: str | None
    task_id: int
    organization_id: int
    result: str | None = None
    assigned_at: str
    started_at: str | None = None
    finished_at: str | None = None
    status: str
    log: str | None = None
    cleanup_at: str | None = None
    blob_storage_used: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """
    A port that a running algorithm offers to other algorithms.
    """

    id: int
    port: int
    run_id: int
    label: str | None = None


TABLES: dict[str, type[Any]] = {
    "organization": Organization,
    "collaboration": Collaboration,
    "study": Study,
    "user": User,
    "node": Node,
    "node_config": NodeConfig,
    "rule": Rule,
    "role": Role,
    "algorithm_store": AlgorithmStore,
    "task": Task,
    "task_database": TaskDatabase,
    "run": Run,
    "port": Port,
}
"""The kind of row in each table, by the table's name; what refers to another table comes after it."""
