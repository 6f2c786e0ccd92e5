"""Plain functions in a package, without any tools."""

import os
import sys


def central(client, column):
    """Return the means of the organizations of the collaboration, and what the client knows."""
    print("asking everybody")
    organizations = [one["id"] for one in client.organization.list()]
    task = client.task.create({"method": "partial", "kwargs": {"column": column}}, organizations, name="means")
    return {"means": client.wait_for_results(task["id"]), "image": client.image}


def partial(df, column):
    """Return a mean, and fail where the column is not there."""
    print(len(df), "rows", file=sys.stderr)
    return float(df[column].mean())


def environment(names):
    """Return variables."""
    return {name: os.environ.get(name) for name in names}
