"""Algorithms in other people's executors."""

from __future__ import annotations

from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from v6mockserver import MockServer

from .federation import OFFICIAL, PLAIN, TIMEOUT, Study, seed


class Lost(Executor):
    """Loses what it is given: its future fails or is cancelled."""

    def __init__(self, error=None):
        self.error = error

    def submit(self, *_, **__):
        """Lose it."""
        future = Future()
        if self.error is None:
            future.cancel()
            future.set_running_or_notify_cancel()
        else:
            future.set_exception(self.error)
        return future


@pytest.mark.parametrize(("error", "why"), [(None, "was cancelled"), (OSError("no memory"), "OSError: no memory")])
def test_a_run_that_its_executor_loses(error, why):
    """It ends as one whose container vanishes; the node's log tells why."""
    server = MockServer(seed(), execution=Lost(error))
    server.algorithms.register("image", PLAIN)

    run = Study(server).run("partial", "x")

    assert run["status"] == "unknown error"
    assert why in server.nodes["North"].log[0]


def federated_mean(executor, package=PLAIN):
    """Return what the central function of a package returns."""
    server = MockServer(seed(encrypted=True), execution=executor)
    server.algorithms.register("image", package)
    study = Study(server)
    value = study.value("central", "x")
    log = study.run("partial", "x")["log"]
    server.stop()
    return value["means"], log


@pytest.mark.slow
def test_processes_of_a_pool():
    """What is handed over can be pickled, and the proxy is reached over a port."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert federated_mean(pool) == ([1.0, 0.5, 0.0], "1 rows\n")


@pytest.mark.slow
def test_official_tools_in_a_pool_when_the_server_stops():
    """Their client asks again for ever, so the wait is ended for it: the pool is free for other work."""
    pytest.importorskip("vantage6.algorithm.tools", reason="needs vantage6-algorithm-tools, as in tox -e algorithms")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        server = MockServer(seed(), execution=pool)
        server.nodes["South"].execution = "manual"
        server.algorithms.register("image", OFFICIAL)
        study = Study(server)
        task = study.ask("central", "x", at=(4,))
        while not server.nodes["South"].runs:  # bounded by the pool: the run ends one way or the other
            assert study.client.task.get(task)["status"] in {"pending", "active"}

        server.stop()

        assert study.runs(task)[0]["status"] == "crashed"
        assert pool.submit(int, "1").result(timeout=TIMEOUT) == 1


@pytest.mark.slow
def test_dask():
    """So it is with the workers of a Dask cluster."""
    distributed = pytest.importorskip("distributed", reason="needs distributed, as in tox -e dask")
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=2, dashboard_address=None, host="127.0.0.1", scheduler_port=0
    )
    with cluster, distributed.Client(cluster) as client:
        assert federated_mean(client.get_executor()) == ([1.0, 0.5, 0.0], "1 rows\n")
