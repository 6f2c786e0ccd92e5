"""An algorithm as an outside author writes it: decorators, client and log functions of the official tools."""

import os
import sys

import pandas as pd
from vantage6.algorithm.tools.decorators import algorithm_client, data, metadata
from vantage6.algorithm.tools.util import get_env_var, info, warn


@algorithm_client
def central(client, column):
    """Return the means of the organizations of the collaboration, and what the client knows."""
    info("asking everybody")
    organizations = [one["id"] for one in client.organization.list()]
    task = client.task.create(
        input_={"method": "partial", "kwargs": {"column": column}}, organizations=organizations, name="means"
    )
    return {"means": client.wait_for_results(task["id"]), "image": client.image}


@data(1)
def partial(df: pd.DataFrame, column):
    """Return a mean, and fail where the column is not there."""
    warn(f"{len(df)} rows")
    return float(df[column].mean())


@data(2)
def both(df1, df2):
    """Return the first column of two frames, in the order in which they come."""
    return [df1.columns[0], df2.columns[0]]


@algorithm_client
@data(1)
def order(df, client, word):
    """Return what comes where: the decorator closest to the function comes first."""
    return [type(df).__name__, type(client).__name__, word]


@metadata
def identity(meta):
    """Return what the token and the environment say."""
    scratch = meta.temporary_directory
    with (scratch / "seen").open("a") as seen:
        seen.write("x")
    return {
        "ids": [meta.task_id, meta.node_id, meta.collaboration_id, meta.organization_id],
        "files": [meta.input_file.name, meta.output_file.name, meta.token_file.name],
        "seen": (scratch / "seen").read_text(),
    }


def environment(names):
    """Return variables, as the tools read them."""
    return {name: get_env_var(name) for name in names}


def everything():
    """Return the names of all variables."""
    return sorted(os.environ)


def both_streams():
    """Write to both streams, one after the other."""
    print("one")
    print("two", file=sys.stderr)
    print("three")


def leaves(code):
    """End by itself."""
    print("leaving")
    sys.exit(code)
