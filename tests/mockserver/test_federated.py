"""The check that an algorithm gives over nodes what it gives over pooled data."""

from __future__ import annotations

import sys
import threading

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import NoSuchExample

from v6mockserver import DisagreementError, MockUsageError, check_federated
from v6mockserver._federated import difference
from v6mockserver.strategies import splits

from .nodes.federation import PLAIN

DRAW = settings(max_examples=1000, phases=[Phase.generate], suppress_health_check=list(HealthCheck), deadline=None)
DATA = pd.DataFrame({"age": [63.0, 67, 41, 56, 62, 57, 44, 52, 48, 54, 49, 60, 53], "sex": [1, 0] * 6 + [1]})


def partial(df, column):
    """Tell sum and count of one node."""
    return {"sum": float(df[column].sum()), "count": int(df[column].count())}


def ask(client, column, method="partial"):
    """Return what all nodes tell."""
    organizations = [one["id"] for one in client.organization.list()]
    task = client.task.create(input_={"method": method, "kwargs": {"column": column}}, organizations=organizations)
    return client.wait_for_results(task["id"])


def central(client, column):
    """Combine sums and counts."""
    parts = ask(client, column)
    count = sum(part["count"] for part in parts)
    return {"mean": sum(part["sum"] for part in parts) / count if count else None, "count": count}


def average_of_averages(client, column):
    """Forget that nodes differ in size."""
    parts = [part for part in ask(client, column) if part["count"]]
    return {"mean": sum(part["sum"] / part["count"] for part in parts) / len(parts) if parts else None}


def only_ten(client, column):
    """Read the first page of results."""
    return {"count": sum(part["count"] for part in ask(client, column)[:10])}


def strict(client, column):
    """Combine sums and counts of all nodes, or nothing."""
    if len(ask(client, column)) < len(client.organization.list()):
        raise ValueError("a node gave no result")
    return central(client, column)


def refusing(df, column):
    """Protect small groups."""
    if len(df) < 2:
        raise ValueError("too few rows")
    return partial(df, column)


def mean(df):
    """What the pooled data give."""
    count = int(df["age"].count())
    return {"mean": df["age"].mean() if count else None, "count": count}


def check(function=central, part=partial, pooled=mean, data=DATA, **how):
    """Check one of the algorithms above, in short."""
    how = {"examples": 30, **how}
    check_federated(
        {"central": function, "partial": part}, pooled, data, method="central", arguments={"column": "age"}, **how
    )


def test_a_sound_algorithm_passes():
    """Whatever the split, empty nodes and columns without values included."""
    check()


def test_a_sound_algorithm_passes_encrypted():
    """It is the same protocol that carries it."""
    check(encrypted=True, nodes=(1, 3), examples=5)


@pytest.mark.slow
def test_nothing_is_left_of_what_algorithms_ran_in():
    """Processes, and the port on which they reach their nodes, end with the check."""
    before = set(threading.enumerate())
    how = {"method": "partial", "arguments": {"column": "age"}, "nodes": (1, 1), "missing": False, "examples": 1}

    check_federated(PLAIN, lambda df: df["age"].mean(), DATA, **how, execution="subprocess")

    assert set(threading.enumerate()) <= before


def test_an_average_of_averages_is_found_out():
    """With the least that shows it: three rows, two of them at one node."""
    with pytest.raises(DisagreementError) as caught:
        check(average_of_averages, pooled=lambda df: {"mean": mean(df)["mean"]}, examples=100)

    assert "a split of 3 rows over 2 nodes" in str(caught.value)
    assert "the result['mean'] is" in str(caught.value)


def test_a_page_that_is_cut_is_found_out():
    """Eleven nodes are among the splits."""
    with pytest.raises(DisagreementError, match=r"a split of 1 rows over 1[12] nodes"):
        check(only_ten, pooled=lambda df: {"count": mean(df)["count"]}, examples=200)


def test_an_algorithm_that_fails_is_found_out():
    """The log is told; unless it may fail."""
    with pytest.raises(DisagreementError, match="a node gave no result"):
        check(strict, refusing)
    check(strict, refusing, may_fail=True)


def test_a_central_function_that_ignores_a_failed_node_is_found_out():
    """What is missing is no failure to it, and the result is wrong."""
    with pytest.raises(DisagreementError, match="over the pooled data"):
        check(central, refusing, may_fail=True)


def test_what_has_no_pooled_result_is_passed_over():
    """There is nothing to compare with."""

    def at_least_two(df):
        if len(df) < 2:
            raise ValueError("of one row?")
        return mean(df)

    check(pooled=at_least_two)


@pytest.mark.parametrize(
    "convert",
    [
        lambda count, mean: pd.Series([mean, count]),
        lambda count, mean: np.array([mean, count]),
        lambda count, mean: [mean, np.int64(count)],
    ],
    ids=["pandas", "numpy", "a number of numpy"],
)
def test_what_pandas_and_numpy_give_can_be_compared(convert):
    """A result is JSON, which has neither; a data frame is compared with an object of its columns."""

    def listed(client, column):
        return [central(client, column)[name] for name in ("mean", "count")]

    check(listed, pooled=lambda df: convert(len(df), df["age"].mean()), missing=False, nodes=(1, 2), examples=5)
    check(
        lambda client, column: {"count": {"0": central(client, column)["count"]}},
        pooled=lambda df: pd.DataFrame({"count": [df["age"].count()]}),
        nodes=(1, 2),
        examples=5,
    )


def test_a_pooled_result_that_no_algorithm_can_give():
    """It is told by its type."""
    with pytest.raises(MockUsageError, match="pooled gives a set, which no result can be"):
        check(pooled=lambda df: set(df["age"]))


@pytest.mark.parametrize(
    ("nodes", "wanted"),
    [((1, 1), {13}), ((2, 2), {7, 12}), ((1, 4), {13, 4, 10}), ((14, 20), {1})],
    ids=["one", "two", "up to four", "more than rows"],
)
def test_all_rows_are_among_the_splits(nodes, wanted):
    """Over the fewest and over the most nodes: evenly, and nearly all at one where there are several."""
    sizes = set()

    def counted(df, column):
        sizes.add(len(df))
        return partial(df, column)

    check(part=counted, nodes=nodes, examples=1)

    assert wanted <= sizes


@pytest.mark.parametrize(
    ("how", "complaint"),
    [
        ({"nodes": (0, 2)}, "nodes is a pair"),
        ({"least_rows": 14}, "at most the 13 rows"),
        ({"execution": "manual"}, "nobody plays the runs of execution='manual'"),
    ],
)
def test_what_makes_no_sense_is_refused(how, complaint):
    """Before anything runs."""
    with pytest.raises(MockUsageError, match=complaint):
        check(**how)


@pytest.mark.parametrize(
    ("found", "wanted", "told"),
    [
        ({"a": [1, 2.0]}, {"a": [1, 2]}, ""),
        ({"a": [1, 2.1]}, {"a": [1, 2]}, "the result['a'][1] is 2.1, and 2 over the pooled data"),
        ({"a": 1}, {"b": 1}, "the result is {'a': 1}, and {'b': 1} over the pooled data"),
        (float("nan"), float("nan"), ""),
        (True, 1, "the result is True, and 1 over the pooled data"),
        (1e-12, 0, ""),
        (1e9 + 2, 1e9, "the result is 1000000002.0, and 1000000000.0 over the pooled data"),
        ("x", "x", ""),
        (None, 0, "the result is None, and 0 over the pooled data"),
    ],
)
def test_results_are_compared_value_by_value(found, wanted, told):
    """Numbers as numbers, anything else exactly."""
    assert difference(found, wanted, 1e-9) == told


@pytest.mark.parametrize(
    "is_such",
    [
        lambda parts: len(parts) > 11,
        lambda parts: any(part.empty for part in parts),
        lambda parts: any(len(part) and part["age"].isna().all() for part in parts),
        lambda parts: len(parts) > 1 and max(map(len, parts)) > 5 * sum(map(len, parts)) / 6 > 5,
    ],
    ids=["many nodes", "an empty node", "all missing", "skewed"],
)
def test_splits_are_of_all_kinds(is_such):
    """Those on which algorithms fail."""
    assert find(splits(DATA), is_such, settings=DRAW)


def test_splits_share_no_row():
    """Each lies at one node at most."""
    with pytest.raises(NoSuchExample):
        find(
            splits(DATA), lambda parts: not pd.concat(parts).index.is_unique, settings=settings(DRAW, max_examples=100)
        )


def test_without_its_extra_it_says_what_to_install(monkeypatch):
    """Who has the mock does not have Hypothesis yet."""
    monkeypatch.setitem(sys.modules, "hypothesis", None)

    with pytest.raises(ImportError, match=r"needs hypothesis, .+ pip install 'v6client\[testing\]'"):
        check_federated({"central": central}, len, DATA, method="central")
