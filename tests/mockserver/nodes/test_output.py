"""What algorithms print."""

from __future__ import annotations

import io
import sys
import weakref
from contextlib import redirect_stdout

from v6mockserver.nodes.output import captured


def test_print_never_loses_its_stream():
    """What takes the place of a stream outlives the capture: a print() of another thread may be writing to it."""
    with captured():
        taken = weakref.ref(sys.stdout)

    assert taken() is not None
    with captured():
        assert sys.stdout is taken()


def test_a_stream_that_others_replaced_stays(capsys):
    """An algorithm that ends late, in a thread, does not put back a stream that the test has left behind."""
    late = captured()
    late.__enter__()

    with redirect_stdout(io.StringIO()) as other:
        late.__exit__(None, None, None)
        print("of the test")

    assert other.getvalue() == "of the test\n"
    assert capsys.readouterr().out == ""


def test_a_stream_that_others_put_back_is_not_copied_twice(capsys):
    """After others have put back what they found during a capture, the next one keeps each text once."""
    late = captured()
    late.__enter__()
    with redirect_stdout(io.StringIO()):
        late.__exit__(None, None, None)

    with captured() as log:
        print("once")

    assert log.getvalue() == "once\n"
    assert capsys.readouterr().out == "once\n"
