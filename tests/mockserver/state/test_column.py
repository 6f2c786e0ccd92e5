"""Names of columns that nodes share."""

from __future__ import annotations

from v6mockserver.state import column
from v6mockserver.state.node import share_configuration
from v6mockserver.state.task_checks import Target

from .federation import ALPHA, BETA, SHARED


def names(federation, label):
    """Ask for the names of the columns of a database."""
    targets = [Target(ALPHA, None)] if label == "default" else [Target(ALPHA, "e30=")]
    return column.names(
        federation.world, federation.researcher(), db_label=label, collaboration_id=SHARED, organizations=targets
    )


def test_the_first_node_that_shares_names_speaks_for_all(federation):
    """Nobody is asked then, so that it does not matter what they would be asked."""
    shared = {ALPHA: [("columns_other", "no")], BETA: [("columns_default", "age"), ("columns_default", "height")]}
    for organization_id, settings in shared.items():
        share_configuration(federation.world, federation.node(organization_id).id, settings)

    assert names(federation, "default") == ["age", "height"]
    assert len(federation.world.task) == 0


def test_where_no_node_shares_names_a_task_asks(federation):
    """It is for the database that is meant."""
    task = names(federation, "absent")

    assert federation.world.task[task.id].name == "get_column_names"
    assert federation.world.task_database.first("task_id", task.id).database == "absent"
