"""Walking a list whose rows come and go."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from v6client._paging import PAGE_SIZE, overlapping, walk
from v6client.exceptions import MalformedAnswerError


class Server:
    """A list in pages, newest or oldest first, that changes before each answer."""

    def __init__(self, size, *, newest_first=False, changes=()):
        self.ids = set(range(size))
        self.kept = set(self.ids)
        self.newest_first = newest_first
        self.changes = list(changes)
        self.fetched = 0

    def __call__(self, page, per_page):
        """Answer with one page, as the server cuts it."""
        self.fetched += 1
        gone, came = self.changes.pop(0) if self.changes else (set(), 0)
        first_new = max(self.ids | self.kept, default=0) + 1
        self.ids = (self.ids - gone) | set(range(first_new, first_new + came))
        self.kept -= gone
        ids = sorted(self.ids, reverse=self.newest_first)
        end = page * per_page
        links = {"next": f"/api/task?page={page + 1}"} if end < len(ids) else {}
        return {"data": [{"id": id_} for id_ in ids[end - per_page : end]], "links": links}


def walked(server):
    """Return the ids that a walk shows."""
    return [row["id"] for row in walk(server)]


@pytest.mark.parametrize("size", [0, 1, PAGE_SIZE, PAGE_SIZE + 1, 5 * PAGE_SIZE])
def test_all_rows_come_in_their_order(size):
    """However many they are."""
    assert walked(Server(size)) == list(range(size))


def test_a_page_costs_one_request():
    """And the pages hardly overlap."""
    server = Server(10 * PAGE_SIZE)

    walked(server)

    assert server.fetched <= 12


changes = st.lists(st.tuples(st.sets(st.integers(0, 349), max_size=40), st.integers(0, 150)), max_size=5)


@given(newest_first=st.booleans(), changes=changes)
@example(newest_first=False, changes=[(set(), 0), ({0}, 0)])
@example(newest_first=True, changes=[(set(), 0), (set(), 1)])
@example(newest_first=False, changes=[(set(), 0), (set(range(250)), 0)])
def test_what_is_there_all_the_time_is_shown_once(newest_first, changes):
    """Whatever comes and goes meanwhile."""
    server = Server(350, newest_first=newest_first, changes=changes)

    shown = walked(server)

    assert len(set(shown)) == len(shown)
    assert server.kept <= set(shown)


def test_rows_may_be_deleted_as_they_are_shown():
    """Clearing a list while walking it leaves none behind."""
    server = Server(5 * PAGE_SIZE)

    for row in walk(server):
        server.ids.discard(row["id"])

    assert not server.ids


@given(st.integers(1, 100_000))
def test_pages_overlap(reached):
    """A page begins among the known rows, and reaches beyond them."""
    number, size = overlapping(reached)

    assert (number - 1) * size < reached
    assert size <= PAGE_SIZE
    if reached >= PAGE_SIZE:
        assert number * size > reached


@pytest.mark.parametrize("rows", [[{"id": 1}], []])
def test_pages_without_end_are_an_error(rows):
    """A server that leads in circles is not followed for ever."""
    with pytest.raises(MalformedAnswerError, match="do not fit together"):
        list(walk(lambda **_: {"data": rows, "links": {"next": "/api/task?page=2"}}))
