"""
What the API reference documents under this name.
"""

from __future__ import annotations

from enum import Enum

__all__ = ["LogLevel"]


class LogLevel(str, Enum):
    """
    How much the logger `v6client` tells.
    """

    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"
    CRITICAL = "critical"
