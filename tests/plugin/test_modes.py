"""The ways to run the same tests: versions, adversary, real server, processes, without the extra."""

from __future__ import annotations

import json
import re

import pytest

from v6mockserver import MockServer

pytestmark = pytest.mark.slow

VERSIONS = """
    import unittest

    import pytest

    def test_any(v6_server, v6_version):
        assert v6_server.version == v6_version

    @pytest.mark.v6(version="4.0")
    def test_old(v6_server):
        assert v6_server.version == "4.0"

    @pytest.mark.v6(version=["4.0", "4.15"])
    def test_both(v6_server, v6_version):
        assert v6_server.version == v6_version

    def test_none():
        pass

    class TestCase(unittest.TestCase):
        @pytest.fixture(autouse=True)
        def give(self, v6_federation):
            self.federation = v6_federation

        @pytest.mark.v6(organizations=2)
        def test_size(self):
            self.assertEqual(len(self.federation.nodes), 2)
"""


def test_versions(project):
    """Every test runs with every version that it is for; the others say so."""
    project.write("test_theirs.py", VERSIONS)

    ended = project.pytest("--v6-version=4.0,4.15", "-rs", "-v")

    assert ended.counts == {"passed": 8, "skipped": 1}, ended.text
    assert "this test is for server 4.0, not 4.15" in ended.text
    for name in ("test_any[4.0]", "test_any[4.15]", "test_both[4.15]", "test_none PASSED", "TestCase::test_size[4.15]"):
        assert name in ended.text


UNITTEST = """
    import unittest

    import pytest

    class TestBase(unittest.TestCase):
        classes = 0

        @classmethod
        def setUpClass(cls):
            TestBase.classes += 1

        def setUp(self):
            self.name = "North"

        @pytest.fixture(autouse=True)
        def give(self, v6_federation, v6_version):
            self.server, self.version = v6_federation.server, v6_version

        def test_version(self):
            self.assertEqual((self.server.version, self.name), (self.version, "North"))

        def test_old(self):
            self.assertEqual(self.server.version, "4.0")

        @unittest.skip("not yet")
        def test_later(self):
            pass

        @unittest.expectedFailure
        def test_wrong(self):
            self.assertEqual(self.name, "South")

    class TestDerived(TestBase):
        test_old = None

        @pytest.mark.v6(version="4.15")
        def test_new(self):
            self.assertEqual(self.server.version, "4.15")

    class TestOther(unittest.TestCase):
        def test_once(self):
            self.assertEqual(TestBase.classes, 2)
"""


def test_versions_of_unittest_classes(project):
    """Their tests run with each version as well, and one of them can be chosen."""
    project.write("test_theirs.py", UNITTEST)

    ended = project.pytest("--v6-version=4.0,4.15", "--v6-bundle=bundles", "-rs")
    one = project.pytest("--v6-version=4.0,4.15", "test_theirs.py::TestBase::test_old[4.15]", "-v")
    both = project.pytest("--v6-version=4.0,4.15", "test_theirs.py::TestBase::test_old")

    assert ended.counts == {"passed": 7, "failed": 1, "skipped": 5, "xfailed": 4}, ended.text
    assert "AssertionError: '4.15' != '4.0'" in ended.about("TestBase.test_old[4.15]")
    assert "this test is for server 4.15, not 4.0" in ended.text
    bundle = project.folder / "bundles" / "test_theirs.py-TestBase-test_old-4.15"
    assert project.pytest(f"--v6-replay={bundle}").counts["failed"] == 1
    assert one.counts["failed"] == 1, one.text
    assert "TestBase::test_old[4.15] FAILED" in one.text
    assert both.counts["passed"] == 1, both.text


def test_without_versions(project):
    """A test runs with the version of the project, unless it says which, or for both."""
    project.write("test_theirs.py", VERSIONS)
    project.write("pytest.ini", "[pytest]\nv6_version = 4.0\nv6_organizations = North, South\n")

    ended = project.pytest("-v")

    assert ended.counts == {"passed": 6}, ended.text
    assert "test_any PASSED" in ended.text


ADVERSARIAL = """
    import pytest

    def mean(df):
        return float(df["age"].mean())

    def ask(federation, client):
        federation.server.algorithms.register("mean", {"mean": mean})
        task = client.task.create(
            collaboration=federation.collaboration, organizations=federation.organizations, name="mean", image="mean",
            description="", input_={"method": "mean"}, databases="default",
        )
        return client.wait_for_results(task["id"])["data"]

    def test_all_are_there(v6_federation, v6_client):
        client = v6_client()
        assert len(ask(v6_federation, client)) == len(v6_federation.nodes) > 10
        assert len(list(client.organization.iter())) == len(v6_federation.nodes)

    def test_first_page(v6_federation, v6_server, v6_client):
        found = v6_server.session().get(
            v6_server.url + "/api/organization", headers={"Authorization": f"Bearer {v6_client().token}"}
        ).json()["data"]
        assert [one["id"] for one in found] == v6_federation.organizations, [one["id"] for one in found]

    @pytest.mark.v6(adversarial=False)
    def test_peace(v6_federation):
        assert v6_federation.server.adversary is None

    @pytest.mark.v6(adversarial=7)
    def test_own_seed(v6_federation):
        assert v6_federation.server.adversary.seed == 7
"""


def test_adversary(project):
    """It is there for each test that does not refuse it, tells its seed, and does the same with it."""
    project.write("test_theirs.py", ADVERSARIAL)

    ended = project.pytest("--v6-bundle=bundles", "--v6-adversarial")

    assert ended.counts == {"passed": 3, "failed": 1}, ended.text
    (seed,) = set(re.findall(r"--v6-adversarial=(\d+)", ended.text))
    order = re.findall(r"AssertionError: (\[.*\])", ended.about("test_first_page"))
    bundle = next((project.folder / "bundles").iterdir())
    assert json.loads((bundle / "bundle.json").read_text())["options"]["v6_seed"] == int(seed)
    for again in (f"--v6-adversarial={seed}", f"--v6-replay={bundle}"):
        assert re.findall(r"AssertionError: (\[.*\])", project.pytest(again).about("test_first_page")) == order


def test_bundle(project):
    """It has all that is known of a failure, and runs that test alone as it ran."""
    project.write(
        "test_theirs.py",
        """
        import pytest

        def test_good(v6_server):
            pass

        def test_wrong_version(v6_client, v6_version):
            v6_client().util.get_server_version()
            assert v6_version != "4.0"

        @pytest.mark.v6(organizations=-1)
        def test_without_a_federation(v6_server):
            pass
        """,
    )

    ended = project.pytest("--v6-bundle=bundles", "--v6-version=4.0,4.15")
    bundle = project.folder / "bundles" / "test_theirs.py-test_wrong_version-4.0"
    again = project.pytest(f"--v6-replay={bundle}")
    project.write("test_theirs.py", "def test_other(): pass")

    assert ended.counts == {"passed": 3, "failed": 1, "error": 2}, ended.text
    assert f"pytest --v6-replay={bundle.relative_to(project.folder)}" in ended.text
    assert json.loads((bundle / "bundle.json").read_text())["versions"].keys() >= {"v6client", "flask", "server"}
    journal = json.loads((bundle / "journal.json").read_text())
    assert journal[-1]["request"] == "GET /api/version"
    assert MockServer.load(json.loads((bundle / "dump.json").read_text())).version == "4.0"
    assert "assert '4.0' != '4.0'" in (bundle / "error.txt").read_text()
    assert again.counts == {"failed": 1, "deselected": 5}, again.text
    assert "assert '4.0' != '4.0'" in again.text
    assert sorted(file.name for file in bundle.with_name("test_theirs.py-test_without_a_federation-4.0").iterdir()) == [
        "bundle.json",
        "error.txt",
    ]
    assert "was it renamed?" in project.pytest(f"--v6-replay={bundle}").text


def test_a_bundle_that_cannot_be_written(project):
    """The report says so, and the tests go on."""
    project.write("test_theirs.py", "def test_wrong(v6_server): assert False\n\ndef test_other(): pass")

    ended = project.pytest("--v6-bundle=test_theirs.py")

    assert ended.counts == {"passed": 1, "failed": 1}, ended.text
    assert re.search(r"v6 bundle -+\nthere is none: .+test_theirs.py", ended.about("test_wrong"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--v6-replay=none"], "there is no bundle"),
        (["--v6-replay=other.json"], "its format is 0, and 1 is what is read"),
        (["--v6-replay=list.json"], "its format is None, and 1 is what is read"),
        (["--v6-adversarial", "test_theirs.py"], "'test_theirs.py' is no seed, a whole number"),
        (["--v6-server=http://127.0.0.1", "--v6-version=4.0"], "leave out --v6-version"),
    ],
)
def test_options_that_make_no_sense(project, arguments, message):
    """They are refused before anything runs."""
    project.write("other.json", '{"format": 0}')
    project.write("list.json", "[]")

    ended = project.pytest(*arguments)

    assert message in ended.text
    assert "Traceback" not in ended.text


def test_configuration_that_makes_no_sense(project):
    """It is refused with what there is."""
    project.write("pytest.ini", "[pytest]\nv6_leak_guard = off\n")

    assert "v6_leak_guard = off: there is v6, all, none" in project.pytest().text


REAL = """
    import pytest

    pytestmark = pytest.mark.v6(real=True)

    def test_client(v6_client, v6_version):
        assert v6_client().util.get_server_version()["version"].startswith(v6_version)

    def test_federation(v6_federation):
        names = {one["name"] for one in v6_federation.client.organization.iter()}
        assert {"North", "South"} <= names
        assert len(v6_federation.organizations) == 2

    def test_journal(v6_client, v6_journal):
        pass

    def test_nodes(v6_federation):
        assert v6_federation.nodes

    def test_other_user(v6_client):
        v6_client(role="Viewer")

    @pytest.mark.v6(real=False)
    def test_mock_only(v6_client):
        pass

    def test_elsewhere():
        pass
"""


def test_real_server(project):
    """What allows it runs there, as the user in the environment; the others skip, and say why."""
    project.write("test_theirs.py", REAL)
    participants = [{"name": "North"}, {"name": "South"}]
    researcher = {"username": "eve", "password": "secret", "roles": ["Researcher"]}
    seed = {
        "organizations": [{"name": "North", "users": [researcher]}, {"name": "South"}],
        "collaborations": [{"name": "both", "participants": participants}],
    }

    with MockServer(seed) as server:
        ended = project.pytest(
            f"--v6-server={server.url}", "-rs", V6CLIENT_USERNAME="eve", V6CLIENT_PASSWORD="secret", HOME="/nonexistent"
        )

    assert ended.counts == {"passed": 3, "skipped": 4}, ended.text
    assert "a real server has no v6_server" in ended.text
    assert "this test asks its federation for what only a mock has" in ended.text
    assert "this test logs in as others" in ended.text
    assert "this test is not marked for real servers" in ended.text


def test_real_server_without_credentials(project):
    """The failure says which variables have them."""
    project.write("test_theirs.py", REAL)

    with MockServer() as server:
        ended = project.pytest(f"--v6-server={server.url}", "-k", "test_client", HOME="/nonexistent")

    assert "V6CLIENT_USERNAME and V6CLIENT_PASSWORD say who logs in" in ended.text


def test_processes_and_random_order(project):
    """Nothing depends on the order of tests, or on who runs them."""
    project.write("test_theirs.py", ADVERSARIAL)
    project.write("test_more.py", VERSIONS)
    arguments = ["-p", "randomly", "-n", "2", "--import-mode=importlib", "--v6-adversarial=3", "--v6-version=4.0,4.15"]

    ended = project.pytest(*arguments, "--deselect", "test_theirs.py::test_first_page")

    assert ended.counts == {"passed": 14, "skipped": 1}, ended.text


def test_async(project):
    """A test may be a coroutine; what it connects to is guarded."""
    project.write(
        "test_theirs.py",
        """
        import asyncio

        import pytest

        pytestmark = pytest.mark.anyio

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        async def test_federation(v6_live_server):
            reader, writer = await asyncio.open_connection(*v6_live_server.url.removeprefix("http://").split(":"))
            writer.close()

        async def test_leak(v6_server):
            await asyncio.open_connection("192.0.2.1", 80)
        """,
    )

    ended = project.pytest("-p", "anyio")

    assert ended.counts == {"passed": 1, "failed": 1}, ended.text
    assert "connects to 192.0.2.1:80" in ended.about("test_leak")


def test_missing_extra(project):
    """Pytest starts, other tests run, and those with our fixtures say what to install."""
    project.write("conftest.py", "import sys\nsys.modules['marshmallow'] = None\n")
    project.write("test_theirs.py", "def test_mock(v6_server): pass\ndef test_other(): pass\n")

    ended = project.pytest()

    assert ended.counts == {"passed": 1, "error": 1}, ended.text
    assert "the v6 fixtures need marshmallow: pip install 'v6client[mock]'" in ended.about("test_mock")
    assert "Traceback" not in ended.text
