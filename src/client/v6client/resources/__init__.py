"""
The sub-clients, one module per noun of the server.
"""

from v6client.resources._base import ReturningRefusals, SubClient, returning_refusals
from v6client.resources.collaboration import Collaboration
from v6client.resources.node import Node
from v6client.resources.organization import Organization
from v6client.resources.result import Result
from v6client.resources.role import Role
from v6client.resources.rule import Rule
from v6client.resources.run import Run
from v6client.resources.store import Store
from v6client.resources.study import Study
from v6client.resources.task import Task
from v6client.resources.user import User
from v6client.resources.util import Util

__all__ = [
    "Collaboration",
    "Node",
    "Organization",
    "Result",
    "ReturningRefusals",
    "Role",
    "Rule",
    "Run",
    "Store",
    "Study",
    "SubClient",
    "Task",
    "User",
    "Util",
    "returning_refusals",
]
