"""
The command `v6client`, also as `python -m v6client`.
"""

from __future__ import annotations


def main() -> None:
    """
    Run the command; ends the program with its exit status.
    """
    from v6client._cli.root import root

    root.main(prog_name="v6client")


if __name__ == "__main__":
    main()
