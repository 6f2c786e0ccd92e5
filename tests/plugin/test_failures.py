"""What makes a test fail, and what a failure says."""

from __future__ import annotations

import re

import pytest

from v6mockserver import MockServer

pytestmark = pytest.mark.slow

TESTS = """
    import os
    import socket
    import threading

    import pytest
    import requests

    def leak():
        socket.create_connection(("hospital.example.org", 443))

    def test_leak(v6_server):
        leak()

    def test_swallowed_leak(v6_server):
        try:
            requests.get("http://127.0.0.1:9")
        except Exception:
            pass

    def test_leak_of_a_thread(v6_server):
        thread = threading.Thread(target=lambda: socket.socket().connect_ex(("192.0.2.1", 80)))
        thread.start()
        thread.join()

    @pytest.mark.v6(allow_hosts=["127.0.0.1:9"])
    def test_allowed(v6_server):
        with pytest.raises(requests.ConnectionError):
            requests.get("http://127.0.0.1:9")

    @pytest.mark.v6(allow_hosts=["localhost:9"])
    def test_allowed_by_the_name_of_this_machine(v6_server):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("localhost", 9))

    @pytest.mark.v6(allow_hosts=["localhost:9"])
    def test_another_port_of_an_allowed_host(v6_server):
        (found, *_) = socket.getaddrinfo("localhost", 10, socket.AF_INET)
        socket.socket().connect(found[-1])

    def test_served_here(v6_live_server):
        with socket.create_server(("127.0.0.1", 0)) as other:
            socket.create_connection(other.getsockname()).close()
        assert requests.get(v6_live_server.url + "/api/version").ok

    def test_others_may(tmp_path):
        assert socket.socket().connect_ex(("127.0.0.1", 9))

    def test_fault(v6_faults):
        v6_faults.on(path="/version").answer(503)

    def test_plan(v6_federation):
        v6_federation.nodes[0].plan("crash")

    @pytest.mark.v6(seed="worlds/broken.yaml")
    def test_mistake_in_seed(v6_server):
        pass

    @pytest.mark.v6(seed="worlds/none.yaml")
    def test_no_seed(v6_server):
        pass

    @pytest.mark.v6(organisations=3, encryption=True)
    def test_unknown_arguments(v6_server):
        pass

    @pytest.mark.v6(organizations=-1)
    def test_bad_argument(v6_server):
        pass

    def crash(df):
        print("counting")
        raise RuntimeError("no such patient")

    def test_failed_run(v6_federation, v6_client):
        v6_federation.server.algorithms.register("crash", {"crash": crash})
        client = v6_client()
        task = client.task.create(
            collaboration=v6_federation.collaboration, organizations=v6_federation.organizations[:1], name="ask",
            image="crash", description="", input_={"method": "crash"}, databases="default",
        )
        client.wait_for_results(task["id"])

    @pytest.mark.v6(3)
    def test_argument_without_a_name(v6_server):
        pass

    def test_node_that_gives_up(v6_federation, v6_faults):
        node = v6_federation.nodes[0]
        v6_faults.on(path="/run", caller=node.name).answer(503)
        node.go_offline()
        node.go_online()
        assert not node.is_online

    def test_leak_of_what_is_installed(v6_server):
        thread = threading.Thread(target=requests.get, args=("http://192.0.2.1",))
        thread.start()
        thread.join()

    @pytest.fixture
    def late():
        yield
        with pytest.raises(AssertionError):
            leak()

    def test_leak_when_it_is_over(late, v6_server):
        pass

    def test_unix_socket(v6_server):
        assert socket.socket(socket.AF_UNIX).connect_ex("/nonexistent")

    @pytest.mark.v6(allow_hosts=["[::1]:9"])
    def test_allowed_in_brackets(v6_server):
        assert socket.socket(socket.AF_INET6).connect_ex(("::1", 9))

    @pytest.mark.v6(allow_hosts=["database.example"])
    def test_allowed_by_name(v6_server):
        socket.create_connection(("database.example", int(os.environ["PORT"]))).close()
"""

NAME_SERVER = """
    import socket

    ask = socket.getaddrinfo
    socket.getaddrinfo = lambda host, *more: ask("127.0.0.1" if host == "database.example" else host, *more)
"""

BROKEN_SEED = """
    organizations:
      - name: North
        users: [{username: eve, password: secret, roles: [Emperor]}]
"""


@pytest.fixture(scope="module")
def ended(shared):
    """The run of all these tests."""
    (shared.folder / "worlds").mkdir()
    shared.write("worlds/broken.yaml", BROKEN_SEED)
    shared.write("test_theirs.py", TESTS)
    shared.write("conftest.py", NAME_SERVER)
    with MockServer() as other:
        return shared.pytest(PORT=other.url.rpartition(":")[2])


@pytest.mark.parametrize(
    ("test", "place", "line"),
    [
        ("test_leak", "hospital.example.org:443", 10),
        ("test_swallowed_leak", "127.0.0.1:9", 17),
        ("test_leak_of_a_thread", "192.0.2.1:80", 22),
        ("test_another_port_of_an_allowed_host", "127.0.0.1:10", 39),
        ("test_leak_when_it_is_over", "hospital.example.org:443", 10),
    ],
)
def test_a_leak_names_host_and_line(ended, test, place, line):
    """A connection that leaves the process fails the test, whoever catches the error."""
    assert f"test_theirs.py:{line} connects to {place}" in ended.about(test)


def test_others_pass(ended):
    """What is allowed, also by its name, what this process serves, and what tests without the mock do is no leak."""
    assert ended.counts["passed"] == 8, ended.text  # one of them before it leaks in a fixture


def test_a_leak_without_a_line_of_the_project_names_the_one_that_connects(ended):
    """A thread may have nothing but what is installed under way."""
    assert re.search(
        r"site-packages.+:\d+ connects to 192\.0\.2\.1:80", ended.about("test_leak_of_what_is_installed")
    ), ended.text


GUARDED = """
    import socket

    import pytest

    def test_mock(v6_server):
        assert socket.socket().connect_ex(("127.0.0.1", 9))

    def test_other():
        assert socket.socket().connect_ex(("127.0.0.1", 9))
"""


@pytest.mark.parametrize(
    ("choice", "counts"),
    [
        ("v6_leak_guard = all", {"failed": 2}),
        ("v6_leak_guard = none", {"passed": 2}),
        ("v6_allowed_hosts = 127.0.0.1", {"passed": 2}),
    ],
)
def test_a_project_says_what_is_guarded(project, choice, counts):
    """All tests, none, or those that use the mock; and which hosts are free."""
    project.write("test_theirs.py", GUARDED)
    project.write("pytest.ini", f"[pytest]\n{choice}\n")

    ended = project.pytest()

    assert ended.counts == counts, ended.text


def test_a_fault_that_is_never_hit_fails_the_test(ended):
    """It is named."""
    assert "answer 503: any method /version (1 x; 0 matched, 0 hit)" in ended.about("test_fault")


def test_a_plan_that_no_run_takes_fails_the_test(ended):
    """It is named."""
    assert "crash" in ended.about("test_plan")


@pytest.mark.parametrize(
    ("test", "message"),
    [
        (
            "test_mistake_in_seed",
            "worlds/broken.yaml, line 4: organizations[0].users[0].roles[0]: there is no role 'Emperor'",
        ),
        ("test_no_seed", "none.yaml: a path is that of a file beside the test"),
        ("test_unknown_arguments", "has no argument 'organisations', 'encryption'; it has seed, version"),
        ("test_argument_without_a_name", "@pytest.mark.v6(3,): its arguments have names, such as organizations=3"),
        ("test_bad_argument", "organizations=-1: a number from 0, or a list of names that differ is expected"),
    ],
)
def test_a_mistake_is_an_error_that_names_it(ended, test, message):
    """The message is all there is: nobody needs our traceback."""
    about = ended.about(test)

    assert message in about
    assert "Traceback" not in about
    assert "_testing" not in about


@pytest.mark.parametrize(
    "told",
    [
        "POST /api/task 201",
        "run 1 of task 1 ('ask') at organization 1: crashed",
        "    counting",
        "RuntimeError: no such patient",
        "<Federation of organization 1, organization 2, organization 3 on server 4.15>",
    ],
)
def test_a_failure_shows_journal_and_logs(ended, told):
    """What happened on the other side is beside the test's own traceback."""
    shown = ended.about("test_failed_run")

    assert told in shown or told in " ".join(shown.split())


def test_a_failure_shows_what_nodes_noted(ended):
    """A node's troubles reach nobody else."""
    told = ended.about("test_node_that_gives_up")

    assert "v6 logs of nodes" in told
    assert re.search(r"organization 1.*: sync: .*503", told), told


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("v6_organizations = North, North", "organizations=['North', 'North']: a number from 0, or a list"),
        ("v6_execution = docker", "there is no execution 'docker'; there is inline, thread"),
    ],
)
def test_a_mistake_in_the_configuration_is_an_error_that_names_it(project, option, message):
    """As one in a marker."""
    project.write("pytest.ini", f"[pytest]\n{option}\n")
    project.write("test_theirs.py", "def test_any(v6_server): pass")

    told = project.pytest().about("test_any")

    assert f"the options v6_... in the configuration of pytest: {message}" in told
    assert "_testing" not in told


BY_NAME = """
    import socket

    import pytest

    @pytest.fixture
    def faults(request):
        return request.getfixturevalue("v6_faults")

    def test_fault(faults):
        faults.on(path="/version").answer(503)

    def test_leak(request):
        server = request.getfixturevalue("v6_server")
        with pytest.raises(AssertionError):
            socket.create_connection(("hospital.example.org", 443))

    def test_failure(request):
        assert not request.getfixturevalue("v6_client")().whoami
"""


def test_fixtures_that_are_asked_for_by_their_names(project):
    """Nobody can tell before the test runs; it is watched over as any other from then on."""
    project.write("test_theirs.py", BY_NAME)

    ended = project.pytest()

    assert "answer 503: any method /version (1 x; 0 matched, 0 hit)" in ended.about("test_fault")
    assert "test_theirs.py:16 connects to hospital.example.org:443" in ended.about("test_leak")
    assert "POST /api/token/user" in " ".join(ended.about("test_failure").split())


def test_a_version_that_is_no_text_is_an_error_of_its_test(project):
    """Other tests are collected all the same."""
    project.write(
        "test_theirs.py",
        """
        import pytest

        @pytest.mark.v6(version=4.0)
        def test_number(v6_server):
            pass

        def test_other(v6_server):
            pass
        """,
    )

    ended = project.pytest()

    assert ended.counts == {"passed": 1, "error": 1}, ended.text
    assert "version=4.0: one of 4.0, 4.15, or a list of them is expected" in ended.about("test_number")
