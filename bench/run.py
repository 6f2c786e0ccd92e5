"""Run the benchmarks that are named on the command line, or all of them."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

PREFIX = "bench_"


def main(names: list[str]) -> None:
    """
    Run each benchmark, with its description above its table.
    """
    available = sorted(path.stem.removeprefix(PREFIX) for path in Path(__file__).parent.glob(f"{PREFIX}*.py"))
    unknown = set(names) - set(available)
    if unknown:
        sys.exit(f"No benchmark is called {', '.join(sorted(unknown))}. There are: {', '.join(available) or 'none'}.")
    for name in names or available:
        benchmark = importlib.import_module(PREFIX + name)
        print(f"\n{(benchmark.__doc__ or name).strip()}\n")
        benchmark.main()


if __name__ == "__main__":
    main(sys.argv[1:])
