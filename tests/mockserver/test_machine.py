"""The state machine for other people's projects: its rules know what happens, and it notices a client that lies."""

from __future__ import annotations

import pytest
from hypothesis import Phase, find, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from v6client.exceptions import ConflictError, NotFoundError, PermissionDeniedError, WrongKeyError
from v6mockserver.strategies import FederationMachine
from v6mockserver.strategies._machine import NOUNS


class First:
    """Draws the simplest of what there is, for rules that draw."""

    def draw(self, strategy):
        """Draw it."""
        return find(strategy, lambda _: True, settings=settings(database=None))


FIRST = First()


class Plain(FederationMachine):
    """Runs go on by rules."""


class Old(FederationMachine):
    """So do those of the oldest release."""

    version = "4.0"


class Encrypted(FederationMachine):
    """Inputs and results are secret."""

    encrypted = True


class Inline(FederationMachine):
    """Runs are over as soon as a node has them."""

    execution = "inline"


def names_that_are_taken(machine):
    """Create an organization and a user, and each of them again."""
    for _ in range(2):
        machine.create_organization("East")
        yield
        machine.create_user(1, "user-x")
        yield


def a_task_that_completes(machine):
    """Run it at two nodes, read and wait for it before and after, and kill it when it is over."""
    task = machine.create_task(owner=0, picks=[0, 4, 3], value={"a": [1]})
    machine.wait_for_task(task)
    machine.read_results(task)
    yield
    machine.start_run(FIRST)
    yield
    machine.complete_run(FIRST, result=[1])
    yield
    machine.complete_run(FIRST, result=None)
    machine.wait_for_task(task)
    machine.read_results(task)
    yield
    machine.kill_task(task)
    yield


def a_task_that_crashes(machine):
    """One run has started then, and one has not."""
    task = machine.create_task(owner=1, picks=[0, 1, 2], value="x")
    machine.complete_run(FIRST, result="done")
    machine.start_run(FIRST)
    machine.crash_run(FIRST)
    machine.wait_for_task(task)
    machine.read_results(task)
    yield
    machine.kill_task(task)
    yield


def a_task_that_is_killed(machine):
    """One run is over, one is active, and one waits for a node that is away."""
    task = machine.create_task(owner=2, picks=[2, 0, 1], value=0)
    machine.complete_run(FIRST, result=0)
    machine.start_run(FIRST)
    machine.switch_node(0)
    machine.switch_node(1)
    assert [node.is_online for node in machine.server.nodes.values()] == [True, False, True]
    yield
    machine.kill_task(task)
    yield
    machine.wait_for_task(task)
    machine.switch_node(1)
    yield


def a_task_that_is_deleted(machine):
    """With its runs, of which one has a result."""
    task = machine.create_task(owner=0, picks=[0, 1], value=0)
    machine.complete_run(FIRST, result=1)
    machine.delete_task(task)
    yield


def secrets(machine):
    """Read with keys of all, before and after the end of a run that completes, and of one that crashes."""
    for end in (lambda: machine.complete_run(FIRST, result=1), lambda: machine.crash_run(FIRST)):
        task = machine.create_task(owner=1, picks=[0], value=0)
        for step in (bool, end):
            step()
            for pick in range(3):
                machine.read_results_of_others(task, pick)
            yield


def pages(machine):
    """Read every list, by pages of sizes that divide it and that do not."""
    for pick in range(3):
        machine.create_task(owner=pick, picks=[0, 1, 2], value=pick)
    for noun in NOUNS:
        for size in range(1, 6):
            machine.read_pages(noun, size)
    yield


def inline(machine):
    """A node that is away runs what has waited when it comes back."""
    machine.switch_node(1)
    task = machine.create_task(owner=0, picks=[0, 1], value={"a": 1})
    machine.wait_for_task(task)
    yield
    machine.switch_node(1)
    machine.wait_for_task(task)
    machine.read_results(task)
    yield


MANUAL = [
    names_that_are_taken,
    a_task_that_completes,
    a_task_that_crashes,
    a_task_that_is_killed,
    a_task_that_is_deleted,
    pages,
]
STORIES = [
    *((kind, story) for story in MANUAL for kind in (Plain, Old, Encrypted)),
    (Encrypted, secrets),
    *((Inline, story) for story in (names_that_are_taken, pages, inline)),
]


def play(machine, story):
    """Play a story, and check after each step what is always so."""
    for _ in story(machine):
        machine.lists_have_what_there_is()
        machine.tasks_have_the_status_of_their_runs()


@pytest.mark.parametrize(("kind", "story"), STORIES, ids=lambda value: value.__name__)
def test_the_machine_knows_what_happens(kind, story):
    """What the client tells and the model agree after every step."""
    machine = kind()

    play(machine, story)
    machine.teardown()


def with_change(noun, method, change):
    """Return what puts another method in the place of one of a client; it gets the real one first."""

    def plant(client):
        part = getattr(client, noun) if noun else client
        real = getattr(part, method)
        setattr(part, method, lambda *args, **how: change(real, *args, **how))

    return plant


def without_last(real, *args, **how):
    """Lose the last row."""
    return iter(list(real(*args, **how))[:-1])


def first_page(real, *args, page=1, **how):
    """Look at no other page."""
    return real(*args, page=1, **how)


def as_completed(real, *args, **how):
    """Tell that whatever it is has completed."""
    return {**real(*args, **how), "status": "completed"}


def without_newest(real, *args, **how):
    """Lose the first row of a page."""
    page = real(*args, **how)
    return {**page, "data": page["data"][1:]}


def exchanged(real, *args, **how):
    """Give each the result of the other."""
    page = real(*args, **how)
    results = [row["result"] for row in page["data"]][::-1]
    return {**page, "data": [{**row, "result": other} for row, other in zip(page["data"], results, strict=True)]}


def without_failure(real, *args, **how):
    """Take a failure for an end like others."""
    return real(*args, **{**how, "raise_on_failure": False})


def no_error(real, *args, **how):
    """Keep a refusal to itself."""
    try:
        return real(*args, **how)
    except ConflictError:
        return {}


def another_name(real, *args, **how):
    """Ask for a name that is taken."""
    return real("root", *args[1:], **how)


def nothing(real, *args, **how):
    """Do nothing."""
    return {"msg": "done"}


def another_input(real, *args, **how):
    """Ask for something else."""
    return real(*args, **{**how, "input_": {"method": "echo", "kwargs": {"value": "else"}}})


def silent(real, *args, **how):
    """Take what cannot be read for nothing."""
    try:
        return real(*args, **how)
    except WrongKeyError:
        return {"data": []}


LIES = {
    "a list that lacks a row": (Plain, ("organization", "iter", without_last), names_that_are_taken, "the list of org"),
    "no page but the first": (Plain, ("task", "list", first_page), pages, "task by pages of 1"),
    "a name that is free": (Plain, ("organization", "create", another_name), names_that_are_taken, "'East' exists"),
    "a username that is free": (Plain, ("user", "create", another_name), names_that_are_taken, "there is 'user-x'"),
    "a status of a task": (Plain, ("task", "get", as_completed), a_task_that_crashes, "the status of task 1"),
    "a run that is missing": (Plain, ("run", "from_task", without_newest), a_task_that_completes, "the runs of task 1"),
    "another input": (Plain, ("task", "create", another_input), a_task_that_completes, "the input of run 1"),
    "results exchanged": (Plain, ("result", "from_task", exchanged), a_task_that_completes, "the results of task 1"),
    "a result too few": (Plain, ("", "wait_for_results", without_newest), a_task_that_completes, "how many results"),
    "a failure unseen": (Plain, ("", "wait_for_results", without_failure), a_task_that_crashes, "the failed runs"),
    "a refusal unseen": (Plain, ("task", "kill", no_error), a_task_that_completes, "task 1 was over"),
    "a kill without effect": (Plain, ("task", "kill", nothing), a_task_that_is_killed, "the status of task 1"),
    "a deletion without effect": (Plain, ("task", "delete", nothing), a_task_that_is_deleted, "the list of task"),
    "a secret that is none": (Encrypted, ("result", "from_task", silent), secrets, "reads results of task 1"),
}


@pytest.mark.parametrize(("kind", "change", "story", "told"), LIES.values(), ids=LIES)
def test_a_client_that_lies(kind, change, story, told):
    """Is found out; the message says what does not agree."""

    class Lying(kind):
        def make_client(self, username):
            client = super().make_client(username)
            with_change(*change)(client)
            return client

    with pytest.raises(AssertionError, match=told):
        play(Lying(), story)


@pytest.mark.slow
def test_a_client_that_lies_is_found_by_chance():
    """Hypothesis comes upon it, if it only plays for long enough."""

    class Lying(FederationMachine):
        values = st.integers(0, 9)

        def make_client(self, username):
            client = super().make_client(username)
            with_change("", "wait_for_results", without_failure)(client)
            return client

    enough = settings(
        max_examples=300,
        stateful_step_count=20,
        phases=[Phase.generate],
        derandomize=True,
        deadline=None,
        database=None,
    )
    with pytest.raises(AssertionError, match="the failed runs of task"):
        run_state_machine_as_test(Lying, settings=enough)


def test_a_call_that_is_refused():
    """The error is given back, and nothing has changed; of a call that is not, there is none."""
    machine = Plain()

    error = machine.refused(lambda: machine.client("north").organization.delete(2))

    assert isinstance(error, PermissionDeniedError)
    assert machine.refused(lambda: machine.client("north").organization.get(2)) is None


def test_a_call_that_is_refused_and_has_changed_something():
    """That is told, with the rows that there were and are."""
    machine = Plain()
    root = machine.client("root")

    def half():
        root.organization.create("Half", "", "", "", "", "")
        root.organization.get(99)

    with pytest.raises(AssertionError, match=r"what the server knows after .*404"):
        machine.refused(half)
    with pytest.raises(NotFoundError):
        root.organization.get(99)
