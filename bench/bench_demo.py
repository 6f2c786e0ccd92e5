"""
What the demo costs in wall time: four hospitals, encrypted, one central run and four partial ones.
"""

from __future__ import annotations

from timing import measure, print_table

from v6mockserver import _demo


def main() -> None:
    """
    Compare the ways to run the demo.
    """
    subjects = {
        "inline, in process": lambda: check(execution="inline"),
        "threads, in process": lambda: check(execution="thread"),
        "threads, over a loopback port": lambda: check(execution="thread", live=True),
    }
    print_table("demo", measure(subjects, rounds=5))


def check(**options: object) -> None:
    """
    Run the demo and look at what comes out.
    """
    outcome = _demo.run(progress=False, **options)
    assert abs(outcome["mean"] - outcome["pooled_mean"]) < 1e-9
