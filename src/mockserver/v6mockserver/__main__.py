"""
The command `v6mock`, also as `python -m v6mockserver`.
"""

from __future__ import annotations

import sys


def main() -> int:
    """
    Run the command and return its exit status.
    """
    try:
        from v6mockserver import _cli
    except ModuleNotFoundError as error:
        sys.stderr.write(f"v6mock needs {error.name}, which is not installed: pip install 'v6client[mock]'\n")
        return 1
    return _cli.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
