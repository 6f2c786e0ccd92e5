"""Scripted faults: how clients see them in process and on a port, and how they are chosen and accounted for."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import requests

from v6client.exceptions import MalformedAnswerError, ServerFailedError
from v6mockserver import FaultNotHitError, MockServer, MockUsageError
from v6mockserver._wire import UnknownWire

ACTIONS = ("answer", "delay", "reset", "truncate", "mislabel", "empty")


class Api:
    """A server, and root's way to it."""

    def __init__(self, server, session, url):
        self.server, self.session, self.url = server, session, url
        self.faults = server.faults
        self.session.headers["Authorization"] = f"Bearer {server.client().token}"

    def get(self, path="organization", **options):
        """Read something."""
        return self.session.get(f"{self.url}/api/{path}", **({"timeout": 5} | options))

    def create(self, name="North"):
        """Create an organization."""
        return self.session.post(f"{self.url}/api/organization", json={"name": name}, timeout=5)

    @property
    def names(self):
        """The names of the organizations, as the server has them."""
        return [row.name for row in self.server._world.organization]


@pytest.fixture
def in_process():
    """A server without a port."""
    server = MockServer()
    server.clock.freeze()
    return Api(server, server.session(), server.url)


@pytest.fixture
def live():
    """A server on a port."""
    server = MockServer()
    server.clock.freeze()
    server.start()
    with requests.Session() as session:
        session.trust_env = False
        yield Api(server, session, server.url)
    server.stop()


@pytest.fixture(params=["in_process", "live"])
def api(request):
    """The same server both ways."""
    return request.getfixturevalue(request.param)


def test_an_answer_takes_the_place_of_the_servers(api):
    """The server never sees the request."""
    api.faults.on(method="POST", path="/organization").answer(503)

    answer = api.create()

    assert (answer.status_code, answer.reason) == (503, "Service Unavailable")
    assert answer.headers["Content-Type"] == "application/json"
    assert "msg" in answer.json()
    assert api.names == ["root"]


def test_an_answer_may_come_after_the_server_acted(api):
    """As from a proxy that lost its patience."""
    api.faults.on(method="POST", path="/organization").answer(504, acted=True)

    assert api.create().status_code == 504
    assert api.names == ["root", "North"]


def test_a_mapping_is_answered_as_json(api):
    """The body is the test's own."""
    api.faults.on(path="/organization").answer(418, body={"msg": "no coffee"})

    assert api.get().json() == {"msg": "no coffee"}


def test_a_text_is_answered_as_a_page(api):
    """As proxies do."""
    api.faults.on(path="/organization").answer(502, body="<h1>Bad Gateway</h1>")

    answer = api.get()

    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.text == "<h1>Bad Gateway</h1>"


def test_an_unknown_status_is_answered(api):
    """HTTP has no list of statuses to keep to."""
    api.faults.on(path="/organization").answer(599)

    assert api.get().status_code == 599


def test_a_reset_breaks_the_connection(api):
    """The client sees its peer reset the connection, and the server has done nothing."""
    api.faults.on(method="POST", path="/organization").reset()

    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        api.create()

    assert api.names == ["root"]


def test_a_reset_may_come_after_the_server_acted(api):
    """The client sees the same, and the server has done it all."""
    api.faults.on(method="POST", path="/organization").reset(acted=True)

    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        api.create()

    assert api.names == ["root", "North"]


def test_a_connection_works_after_a_reset(api):
    """The session opens another one."""
    api.faults.on(path="/organization").reset()
    with pytest.raises(requests.ConnectionError):
        api.get()

    assert api.get().ok


def test_a_truncated_body_breaks_off(api):
    """Length and body disagree."""
    api.faults.on(path="/organization").truncate()

    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        api.get()


def test_a_truncated_body_can_be_read_as_far_as_it_goes(api):
    """Who streams gets what there is, and then the error."""
    whole = api.get().content
    api.faults.on(path="/organization").truncate(keep=0.25)

    answer, read = api.get(stream=True), []
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        read.extend(answer.iter_content(10))

    assert b"".join(read) == whole[: len(whole) // 4]


def test_a_mislabelled_answer_is_the_same_under_another_type(api):
    """Only the header lies."""
    api.faults.on(path="/organization").mislabel("text/plain")

    answer = api.get()

    assert answer.headers["Content-Type"] == "text/plain"
    assert answer.json()["data"][0]["name"] == "root"


def test_an_empty_answer_has_its_status(api):
    """And nothing else."""
    api.faults.on(path="/organization").empty()

    answer = api.get()

    assert (answer.status_code, answer.content) == (200, b"")


def test_a_delay_moves_the_clock_of_the_server(api):
    """The answer is there at once, and it is later than before."""
    before = api.server.clock.now()
    api.faults.on(path="/organization").delay(3)

    assert api.get().ok
    assert api.server.clock.now() - before == timedelta(seconds=3)


def test_a_real_delay_leaves_the_clock_alone(api):
    """It takes real time instead."""
    before = api.server.clock.now()
    api.faults.on(path="/organization").delay(0.01, real=True)

    assert api.get().ok
    assert api.server.clock.now() == before


@pytest.mark.parametrize("timeout", [5, (1, 5)])
def test_a_delay_beyond_the_time_limit_is_a_timeout(in_process, timeout):
    """The client leaves when its patience ends, by the clock of the server, which has acted."""
    before = in_process.server.clock.now()
    in_process.faults.on(path="/organization").delay(60)

    with pytest.raises(requests.ReadTimeout, match="read timeout=5"):
        in_process.get(timeout=timeout)

    assert in_process.server.clock.now() - before == timedelta(seconds=5)


def test_a_real_delay_beyond_the_time_limit_is_a_timeout(api):
    """The client waits for that long."""
    api.faults.on(path="/organization").delay(30, real=True)

    with pytest.raises(requests.ReadTimeout):
        api.get(timeout=0.05)


def test_without_a_time_limit_any_delay_is_waited_for(in_process):
    """As `requests` does by default."""
    in_process.faults.on(path="/organization").delay(3600)

    assert in_process.get(timeout=None).ok


@pytest.mark.parametrize("action", ACTIONS)
def test_the_journal_tells_of_faults(in_process, action):
    """What the client got, and why."""
    options = {"answer": [500], "delay": [1]}.get(action, [])
    fault = getattr(in_process.faults.on(path="/version"), action)(*options)
    with pytest.raises(requests.RequestException) if action in {"reset", "truncate"} else MockServer().faults:
        in_process.get("version")

    assert in_process.server.journal.last.fault == str(fault.effect)


@pytest.mark.slow
def test_events_are_delivered_although_the_connection_broke():
    """A task whose creation was never answered is run all the same."""
    server = MockServer.demo()
    server.algorithms.register("image", {"one": lambda df: 1})
    client = server.client("researcher")
    client.setup_encryption(server.private_keys["Cleveland"])
    server.faults.on(method="POST", path="/task", caller="researcher").reset(acted=True)

    with pytest.raises(Exception, match="reset by peer"):
        client.task.create(1, [2], "one", "image", "", {"method": "one"}, databases="default")

    assert [run["status"] for run in client.run.iter()] == ["completed"]


def test_a_fault_is_for_one_request(in_process):
    """If nothing else is said, the first one."""
    in_process.faults.on(path="/organization").answer(500)

    assert [in_process.get().status_code for _ in range(3)] == [500, 200, 200]


def test_a_fault_may_come_later_and_more_often(in_process):
    """The second and the third."""
    in_process.faults.on(path="/organization", after=1, times=2).answer(500)

    assert [in_process.get().status_code for _ in range(4)] == [200, 500, 500, 200]


def test_a_fault_may_stay(in_process):
    """For every request."""
    in_process.faults.on(path="/organization", times=None).answer(500)

    assert [in_process.get().status_code for _ in range(3)] == [500, 500, 500]


def test_faults_take_turns(in_process):
    """A request that meets one fault does not count for the ones after it."""
    for status in (500, 502, 503):
        in_process.faults.on(path="/organization").answer(status)

    assert [in_process.get().status_code for _ in range(4)] == [500, 502, 503, 200]


@pytest.mark.parametrize(
    "criteria",
    [
        {"method": "POST"},
        {"path": "/organization"},
        {"path": "/organization/*/*"},
        {"path": re.compile("/organization")},
        {"caller": "somebody"},
        {"caller": "node root"},
    ],
    ids=str,
)
def test_other_requests_pass(in_process, criteria):
    """A fault meets only what it is for."""
    in_process.faults.on(**criteria).answer(500)

    assert in_process.get("organization/1").ok


@pytest.mark.parametrize(
    "criteria",
    [
        {},
        {"method": "get"},
        {"path": "/organization/*"},
        {"path": "/api/organization/1"},
        {"path": "/**"},
        {"path": re.compile(r"/organization/\d+")},
        {"caller": "root"},
        {"caller": "user root", "method": "GET", "path": "/organization/1"},
    ],
    ids=str,
)
def test_requests_are_chosen_by_what_they_are(in_process, criteria):
    """By method, path and caller."""
    in_process.faults.on(**criteria).answer(500)

    assert in_process.get("organization/1").status_code == 500


@pytest.fixture
def demo():
    """The federation of the README with a researcher who can run something, and has run nothing."""
    server = MockServer.demo()
    server.algorithms.register("image", {"one": lambda df: 1, "ask": lambda client: len(client.organization.list())})
    server.researcher = server.client("researcher")
    server.researcher.setup_encryption(server.private_keys["Cleveland"])
    return server


def run(server, method="one"):
    """Run something in Cleveland, and return what became of it and what its node noted."""
    server.researcher.task.create(1, [2], "run", "image", "", {"method": method}, databases="default")
    return [run["status"] for run in server.researcher.run.iter()], "\n".join(server.nodes["Cleveland"].log)


@pytest.mark.slow
def test_nodes_meet_faults_as_well(demo):
    """A node whose report is refused notes that, and its run stays as it was."""
    demo.faults.on(method="PATCH", path="/run/*", caller="node Cleveland", after=2).answer(500)

    statuses, log = run(demo)

    assert statuses == ["active"]
    assert "was refused with status 500" in log


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/run", "/run/*", "/token/container", "/organization/*"])
@pytest.mark.parametrize("acted", [False, True])
def test_nodes_try_again_when_a_connection_breaks(demo, path, acted):
    """As real ones do; in the end the run is done."""
    demo.faults.on(path=path, caller="node Cleveland").reset(acted=acted)

    statuses, log = run(demo)

    assert statuses == ["completed"]
    assert "reset by peer" in log
    demo.faults.verify()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "status"), [("/run", "pending"), ("/run/*", "pending"), ("/token/container", "failed")]
)
def test_what_a_node_meets_is_not_what_the_client_meets(demo, path, status):
    """A node that never gets through gives up and notes it; who created the task has had their answer."""
    demo.faults.on(path=path, caller="node Cleveland", times=None).reset()

    statuses, log = run(demo)

    assert statuses == [status]
    assert "reset by peer" in log


@pytest.mark.slow
def test_algorithms_meet_faults_as_well(demo):
    """The proxy asks again what may be asked again, and hides the rest from the algorithm."""
    demo.faults.on(path="/organization", caller="container Cleveland").truncate()
    assert run(demo, "ask")[0] == ["completed"]

    demo.faults.on(path="/organization", caller="container Cleveland", times=None).reset()
    assert run(demo, "ask")[0] == ["crashed", "completed"]


def test_the_client_tells_of_what_it_met(in_process):
    """The SDK's own errors, in process as over a port."""
    client = in_process.server.client()
    in_process.faults.on(path="/organization").answer(500)
    in_process.faults.on(path="/organization").truncate()

    with pytest.raises(ServerFailedError):
        client.organization.list()
    with pytest.raises(MalformedAnswerError):
        client.organization.list()


def test_verify_names_what_was_never_hit(in_process):
    """And only that."""
    in_process.faults.on(path="/organization").answer(500)
    in_process.faults.on(method="POST", path="/task", caller="root", after=2).reset(acted=True)
    in_process.get()

    with pytest.raises(FaultNotHitError) as error:
        in_process.faults.verify()

    assert str(error.value).splitlines()[1:] == [
        "reset after acting: POST /task by root (1 x, from match 3 on; 0 matched, 0 hit)"
    ]


def test_a_fault_that_was_never_hit_fails_a_test():
    """To a test framework it is an assertion."""
    assert issubclass(FaultNotHitError, AssertionError)


def test_verify_is_content_when_all_were_hit(in_process):
    """Once is enough, however often it was meant."""
    in_process.faults.on(path="/organization", times=3).answer(500)
    in_process.get()

    in_process.faults.verify()


def test_a_live_server_verifies_at_its_end():
    """Nobody has to remember it."""
    with pytest.raises(FaultNotHitError), MockServer() as server:
        server.faults.on(path="/task").reset()


def test_an_error_under_way_is_not_covered():
    """What went wrong first is what is told."""
    server = MockServer()
    server.faults.on(path="/task").reset()

    with pytest.raises(ZeroDivisionError), server:
        1 / 0  # noqa: B018 -- the error is the point


def test_a_block_of_faults_verifies_and_clears(in_process):
    """Faults that are for a part of a test."""
    with pytest.raises(FaultNotHitError), in_process.faults as faults:
        faults.on(path="/task").reset()

    assert list(in_process.faults) == []


def test_a_block_of_faults_does_not_cover_errors(in_process):
    """They are taken out, and the error goes on."""
    in_process.faults.on(path="/task").reset()

    with pytest.raises(ZeroDivisionError), in_process.faults:
        1 / 0  # noqa: B018 -- the error is the point

    assert len(in_process.faults) == 0


def test_clear_takes_all_out(in_process):
    """Hit or not."""
    in_process.faults.on(path="/organization").answer(500)
    in_process.faults.clear()

    assert in_process.get().ok
    in_process.faults.verify()


def test_faults_print_as_a_table(in_process):
    """What each is for, and what became of it."""
    assert repr(in_process.faults) == "no faults"
    in_process.faults.on(path="/organization", times=None).delay(2.5)
    in_process.faults.on(path=re.compile("/t.*")).delay(1, real=True)
    in_process.get()

    assert repr(in_process.faults).splitlines() == [
        "delay 2.5 s: any method /organization (always; 1 matched, 1 hit)",
        "delay 1 s, real: any method /t.* (1 x; 0 matched, 0 hit)",
    ]


@pytest.mark.parametrize(
    "mistake",
    [
        lambda faults: faults.on(times=0),
        lambda faults: faults.on(after=-1),
        lambda faults: faults.on(path="task"),
        lambda faults: faults.on().answer(99),
        lambda faults: faults.on().answer(600),
        lambda faults: faults.on().answer(204, body={}),
        lambda faults: faults.on().delay(-1),
        lambda faults: faults.on().truncate(keep=1),
    ],
)
def test_a_fault_that_makes_no_sense_is_a_mistake(in_process, mistake):
    """It is told when it is scripted."""
    with pytest.raises(MockUsageError):
        mistake(in_process.faults)

    assert len(in_process.faults) == 0


@pytest.mark.parametrize("status", [204, 304])
def test_some_answers_have_no_body(in_process, status):
    """In process as on a port, where HTTP sends none with these."""
    in_process.faults.on(path="/version").answer(status)

    answer = in_process.session.get(f"{in_process.url}/api/version", timeout=5)

    assert (answer.status_code, answer.content) == (status, b"")


def test_threads_share_faults(in_process):
    """Ten of forty requests meet ten faults, whoever sends them."""
    in_process.faults.on(path="/version", times=10).answer(500)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: in_process.server.session().get(f"{in_process.url}/api/version"), range(40)))

    assert sorted(answer.status_code for answer in answers) == [200] * 30 + [500] * 10


def test_stop_ends_delays():
    """A server that is told to stop does not wait for an answer that nobody waits for."""
    server = MockServer()
    server.faults.on(path="/version").delay(3600, real=True)
    server.start()
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{server.url}/api/version", timeout=0.05)

    server.stop()

    assert server.journal.last.duration < timedelta(seconds=60)


def test_delays_last_again_after_stop():
    """A server that has stopped still answers in process, as late as it is told to."""
    server = MockServer().start()
    server.stop()
    server.faults.on(path="/version").delay(0.02, real=True)

    server.session().get(f"{server.url}/api/version")

    assert server.journal.last.duration >= timedelta(seconds=0.01)


@pytest.mark.parametrize(("action", "error"), [("reset", ConnectionResetError), ("time_out", TimeoutError)])
def test_on_somebody_elses_server_a_broken_connection_is_an_exception(action, error):
    """A WSGI server that is not ours is left to deal with it."""
    with pytest.raises(error):
        getattr(UnknownWire(), action)()
