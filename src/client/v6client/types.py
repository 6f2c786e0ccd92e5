"""
The shapes of the server's answers, to annotate with; at run time they are plain dicts.

    from v6client.types import Page, Task

    def newest(tasks: Page[Task]) -> Task: ...
"""

from v6client._models import (
    Collaboration,
    Health,
    Links,
    Message,
    NamedOrganization,
    Node,
    NodeSetting,
    Organization,
    Page,
    Port,
    Reference,
    Result,
    Role,
    Rule,
    Run,
    RunNode,
    RunSummary,
    Store,
    Study,
    Task,
    TaskDatabase,
    TaskResult,
    TaskUpdate,
    TwoFactorSetup,
    User,
    Version,
    WhoAmI,
)

__all__ = [
    "Collaboration",
    "Health",
    "Links",
    "Message",
    "NamedOrganization",
    "Node",
    "NodeSetting",
    "Organization",
    "Page",
    "Port",
    "Reference",
    "Result",
    "Role",
    "Rule",
    "Run",
    "RunNode",
    "RunSummary",
    "Store",
    "Study",
    "Task",
    "TaskDatabase",
    "TaskResult",
    "TaskUpdate",
    "TwoFactorSetup",
    "User",
    "Version",
    "WhoAmI",
]
