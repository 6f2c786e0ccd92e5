"""
Routes that kill what nodes run.
"""

from __future__ import annotations

from v6mockserver import _messages as messages
from v6mockserver.api._answers import MessageAnswer
from v6mockserver.api._fields import IdSchema
from v6mockserver.api._routes import USER, Answer, Call, Routes
from v6mockserver.state import kill

routes = Routes("kill")


@routes.add("POST", "/kill/task", callers=USER, body=IdSchema, answers={200: MessageAnswer}, refusals=[404])
def kill_task(call: Call) -> Answer:
    """
    Kill a task.
    """
    id_ = call.body()["id"]
    kill.task(call.world, call.caller, id_)
    return 200, {"msg": messages.TASK_KILLED.format(id=id_)}


@routes.add("POST", "/kill/node/tasks", callers=USER, body=IdSchema, answers={200: MessageAnswer}, refusals=[404])
def kill_node_tasks(call: Call) -> Answer:
    """
    Kill all that a node runs.
    """
    id_ = call.body()["id"]
    kill.node_tasks(call.world, call.caller, id_)
    return 200, {"msg": messages.NODE_TASKS_KILLED.format(id=id_)}
