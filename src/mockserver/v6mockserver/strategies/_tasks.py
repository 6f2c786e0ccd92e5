"""
Strategies for tasks, with what goes into them and what comes out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from v6mockserver.state.run_states import COMPLETED, STATUSES
from v6mockserver.strategies._words import HOSTS, PROJECTS, WORDS, required, texts

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from v6mockserver.strategies._words import Part, Strategy

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | WORDS,
    lambda values: st.lists(values) | st.dictionaries(WORDS, values),
    max_leaves=4,
)
"""What JSON can say."""


def inputs(*, methods: Strategy[str] = WORDS, arguments: Strategy[Any] = VALUES) -> Strategy[Part]:
    """
    Return a strategy for inputs of algorithms: a method, with arguments.

    Parameters
    ----------
    methods : strategy, optional
        The methods; by default any word.
    arguments : strategy, optional
        What they are given, by position or by name; by default anything that JSON can say.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(inputs(methods=st.just("mean")), lambda _: True)
    {'method': 'mean', 'args': []}
    """
    return st.fixed_dictionaries(
        {"method": methods, "args": st.lists(arguments, max_size=2)},
        optional={"kwargs": st.dictionaries(WORDS, arguments, max_size=2)},
    )


INPUTS = inputs()


def results(*, values: Strategy[Any] = VALUES) -> Strategy[Any]:
    """
    Return a strategy for what comes of a run: what an algorithm can return.

    Parameters
    ----------
    values : strategy, optional
        The values in it; by default anything that JSON can say.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(results(), lambda result: isinstance(result, dict))
    {}
    """
    return values | st.dictionaries(WORDS, values, max_size=4)


RESULTS = results()


def runs(organization: str, *, statuses: Collection[str] = STATUSES) -> Strategy[Part]:
    """
    Return a strategy for an organization's run of a task; one that is completed has a result.

    Parameters
    ----------
    organization : str
        The organization's name.
    statuses : collection of str, optional
        The statuses that it can have; by default all there are.
    """
    unknown = set(statuses) - set(STATUSES)
    if unknown or not statuses:
        msg = f"statuses={statuses!r} is not some of {', '.join(STATUSES)}"
        raise InvalidArgument(msg)
    logs = st.none() | texts("text")

    def of(status: str) -> Strategy[Part]:
        parts: dict[str, Strategy[Any]] = {"organization": st.just(organization), "status": st.just(status)}
        return st.fixed_dictionaries(parts | {"log": logs} | ({"result": RESULTS} if status == COMPLETED else {}))

    drawn = st.sampled_from([status for status in STATUSES if status in statuses])
    # Half of them, not one in eleven: results are what most users of a world look at.
    return (drawn | st.just(COMPLETED) if COMPLETED in statuses else drawn).flatmap(of)


@st.composite
def tasks(
    draw: st.DrawFn,
    organizations: Sequence[str],
    *,
    images: Strategy[str] = HOSTS,
    inputs: Strategy[Any] = INPUTS,
    owners: Sequence[str] = (),
    studies: Sequence[Part] = (),
    stores: Sequence[str] = (),
    max_depth: int = 1,
    statuses: Collection[str] = STATUSES,
) -> Part:
    """
    Return a strategy for tasks of a collaboration, with their runs and subtasks.

    Parameters
    ----------
    organizations : sequence of str
        The names of the participants of the collaboration.
    images : strategy, optional
        The algorithms.
    inputs : strategy, optional
        What they get.
    owners : sequence of str, optional
        The usernames of those who can have created them, all of participants; by default the first user of the server.
    studies : sequence of dict, optional
        The studies of the collaboration.
    stores : sequence of str, optional
        The names of algorithm stores that the collaboration can use.
    max_depth : int, default 1
        How many generations of subtasks there are at most.
    statuses : collection of str, optional
        The statuses that their runs can have; by default all there are.
    """
    study = draw(_one_or_none(studies))
    members = required(study["organizations"] if study else organizations, "organizations")
    chosen = draw(st.lists(st.sampled_from(members), unique=True, max_size=len(members)))
    children: Strategy[list[Part]] = st.just([])
    if max_depth > 0:
        below = tasks(chosen or members, images=images, inputs=inputs, max_depth=max_depth - 1, statuses=statuses)
        children = st.lists(below, max_size=2)
    return {
        "name": draw(PROJECTS),
        "description": draw(texts("sentence")),
        "image": draw(images),
        "user": draw(_one_or_none(owners)),
        "study": study["name"] if study else None,
        "store": draw(_one_or_none(stores)),
        "input": draw(inputs),
        "databases": draw(st.lists(WORDS, max_size=2)),
        "organizations": [],
        "runs": [draw(runs(name, statuses=statuses)) for name in chosen],
        "subtasks": draw(children),
    }


def _one_or_none(values: Sequence[Any]) -> Strategy[Any]:
    return st.none() | st.sampled_from(values) if values else st.none()
