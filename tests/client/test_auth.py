"""The flow of one call, whatever the server answers."""

from __future__ import annotations

from dataclasses import dataclass, field

import jwt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from v6client._auth import MARGIN, TOKEN_REFUSED, Probe, Renew, Send, Tokens, bearer_flow, claims, judges_secret
from v6client.exceptions import MalformedAnswerError

NOW = 1000.0
FRESH, DUE = Tokens("fresh", "r", NOW + 1), Tokens("due", "r", NOW)
NEW = Tokens("new", "r", None)
LOGINS = ("token/user", "recover/reset", "recover/2fa/lost")
SECRETS = (*LOGINS, "password/change")
PATHS = ("task", "user/1", *SECRETS)

calls = st.fixed_dictionaries(
    {
        "tokens": st.sampled_from([None, FRESH, DUE]),
        "path": st.sampled_from(PATHS),
        "statuses": st.lists(st.sampled_from([200, 201, 400, 401, 404, 422, 500]), min_size=4, max_size=4),
    }
)


@dataclass
class Played:
    """What a flow asked for, and what the server answered to each."""

    steps: list = field(default_factory=list)
    statuses: list = field(default_factory=list)

    def of(self, kind):
        """Return the steps of one kind."""
        return [step for step in self.steps if isinstance(step, kind)]


def played(call):
    """Let a flow run its course."""
    answers, done = iter(call["statuses"]), Played()
    flow = bearer_flow(call["tokens"], call["path"], NOW)
    step = next(flow)
    while True:
        done.steps.append(step)
        came = NEW if isinstance(step, Renew) else next(answers)
        if isinstance(step, Send):
            done.statuses.append(came)
        try:
            step = flow.send(came)
        except StopIteration:
            return done


@given(calls)
def test_a_call_is_sent_again_only_after_a_refused_token(call):
    """Once at most, and with a new token."""
    done = played(call)

    sent = done.of(Send)
    assert 1 <= len(sent) <= 2
    if len(sent) == 2:
        assert done.statuses[0] in TOKEN_REFUSED
        assert isinstance(done.steps[-2], Renew)
        assert sent[1].token == NEW.access


@given(calls)
def test_an_answer_that_does_not_speak_of_the_token_is_the_last(call):
    """A call that has had an effect is never made twice."""
    statuses = played(call).statuses

    assert all(status in TOKEN_REFUSED for status in statuses[:-1])


@given(calls)
@example({"tokens": FRESH, "path": "password/change", "statuses": [401, 200, 200, 200]})
@example({"tokens": FRESH, "path": "password/change", "statuses": [401, 401, 200, 200]})
def test_a_secret_is_sent_again_only_if_it_was_the_token(call):
    """Where both may be refused, the token is tried on its own."""
    done = played(call)

    if call["path"] in LOGINS:
        assert len(done.of(Send)) == 1
    if done.of(Probe):
        assert call["path"] == "password/change"
        assert (len(done.of(Send)) == 2) == (call["statuses"][1] in TOKEN_REFUSED)


@given(calls)
def test_tokens_are_renewed_when_due_or_refused(call):
    """And for no other reason; nobody without tokens renews them."""
    done = played(call)

    ahead, after = call["tokens"] is DUE, len(done.of(Send)) == 2
    assert len(done.of(Renew)) == ahead + after
    assert isinstance(done.steps[0], Renew) == ahead
    if call["tokens"] is None:
        assert done.steps == [Send(None)]


@given(st.integers(0, 10**6), st.floats(0, 10**9))
def test_tokens_are_renewed_within_their_life(lifetime, now):
    """Ahead of their end, but not at once."""
    issued = {"iat": 5, "exp": 5 + lifetime}
    access = jwt.encode(issued, "k" * 32)

    tokens = Tokens.from_answer({"access_token": access, "refresh_token": "r"}, now)

    assert now <= tokens.renew_at <= now + lifetime
    assert now + lifetime - tokens.renew_at <= MARGIN + 1
    assert tokens.due(tokens.renew_at)


def test_a_token_without_an_end():
    """As containers have: it is never due."""
    access = jwt.encode({"sub": 1}, "k" * 32)

    assert not Tokens.from_answer({"access_token": access, "refresh_token": "r"}, NOW).due(NOW * 10**6)


@pytest.mark.parametrize("text", ["", "a.b.c", "no token", "\udcff"])
def test_a_token_that_is_none(text):
    """The error is the client's own, and does not show it."""
    with pytest.raises(MalformedAnswerError) as caught:
        claims(text)

    assert not text or text not in str(caught.value)


@pytest.mark.parametrize("path", SECRETS)
def test_where_a_refusal_speaks_of_a_secret(path):
    """It is told as wrong credentials."""
    assert judges_secret(path, logged_in=True)


@pytest.mark.parametrize("step", [Send("s3cret"), Probe("s3cret"), Renew(Tokens("s3cret", "s3cret", None))])
def test_steps_do_not_show_tokens(step):
    """They may stand in a traceback."""
    assert "s3cret" not in repr(step)
