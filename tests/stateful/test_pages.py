"""
Walks through the pages of lists while what they list comes and goes.

Pages are counted, so a walk sees what shifts over its edges differently from what stays where it is. What is promised:

- nothing is missed that was there from beginning to end, unless something was deleted meanwhile;
- nothing is seen twice, unless something came in at the front meanwhile, where lists are newest first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from .network import IMAGE, INPUT, Network

NEWEST_FIRST = {"organization": False, "task": True}


@dataclass
class Walk:
    """Where somebody is in a list, what they have seen, and what happened since they began."""

    noun: str
    size: int
    there: set[int]
    page: int = 1
    seen: list[int] = field(default_factory=list)
    grown: bool = False
    shrunk: bool = False


class Pages(RuleBasedStateMachine):
    """Several walks at once; each keeps the promises when it comes to its end."""

    def __init__(self):
        super().__init__()
        self.network = Network()
        self.there = {"organization": {1, *self.network.nodes}, "task": set()}
        self.walks = []
        self.names = count()

    def call(self, method, path, **content):
        """Call the server as root, or as the researcher, who has the tasks."""
        token = self.network.researcher if path.startswith("task") else self.network.root
        return self.network.call(token, method, path, **content)

    @rule(noun=st.sampled_from(["organization", "task"]), size=st.integers(1, 4))
    def begin(self, noun, size):
        """Somebody begins a walk."""
        self.walks.append(Walk(noun, size, set(self.there[noun])))

    @rule(noun=st.sampled_from(["organization", "task"]))
    def create(self, noun):
        """Something comes."""
        name = f"new {next(self.names)}"
        target = {"id": min(self.network.nodes), "input": INPUT}
        work = {"image": IMAGE, "collaboration_id": self.network.collaboration, "organizations": [target]}
        status, row = self.call("POST", noun, json={"name": name, **(work if noun == "task" else {})})
        assert status == 201
        self.there[noun].add(row["id"])
        for walk in self.walks:
            walk.grown |= walk.noun == noun

    @precondition(lambda self: self.there["task"] or len(self.there["organization"]) > 4)
    @rule(data=st.data())
    def delete(self, data):
        """Something goes."""
        spared = {1, *self.network.nodes}
        rows = sorted(
            (noun, id_)
            for noun in self.there
            for id_ in (self.there[noun] if noun == "task" else self.there[noun] - spared)
        )
        noun, id_ = data.draw(st.sampled_from(rows))
        assert self.call("DELETE", f"{noun}/{id_}")[0] == 200
        self.there[noun].remove(id_)
        for walk in self.walks:
            walk.shrunk |= walk.noun == noun

    @precondition(lambda self: self.walks)
    @rule(data=st.data())
    def turn(self, data):
        """Somebody turns a page; after the last one the walk is judged."""
        walk = data.draw(st.sampled_from(self.walks))
        query = {"page": walk.page, "per_page": walk.size}
        status, answer = self.call("GET", walk.noun, params=query)
        assert status == 200
        walk.seen += [row["id"] for row in answer["data"]]
        walk.page += 1
        if "next" not in answer["links"]:
            self.walks.remove(walk)
            self.judge(walk)

    def judge(self, walk):
        """Hold a walk to what is promised."""
        stayed = walk.there & self.there[walk.noun]
        assert walk.shrunk or stayed <= set(walk.seen)
        came_in_front = walk.grown and NEWEST_FIRST[walk.noun]
        assert came_in_front or len(set(walk.seen)) == len(walk.seen)

    @invariant()
    def undisturbed_walks_see_everything_once(self):
        """At rest, a walk sees all there is, once, in order."""
        for noun, ids in self.there.items():
            pages = range(1, len(ids) // 3 + 2)
            answers = [self.call("GET", noun, params={"page": page, "per_page": 3})[1] for page in pages]
            seen = [row["id"] for answer in answers for row in answer["data"]]
            assert seen == sorted(ids, reverse=NEWEST_FIRST[noun])


TestPages = Pages.TestCase
TestPages.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
