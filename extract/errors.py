"""What can go wrong in an extraction, drawn as a tree.

ExtractError
|-- ConfigurationError     a file or a setting is wrong; nothing was touched
|-- SourceError            the source refuses or lacks what was asked for
|   `-- RowError           ... because of a value in some row
|-- TargetError            the warehouse refuses, or isn't set up
|   `-- StageLostError     ... because pages that were committed are no longer there
|-- DriftError             the source's shape no longer fits lv0
|-- BreakerError           a pass would delete more than it may
|-- DataError              rows that cannot be told apart or stored
|-- QuotaError             a service takes no more requests for now; what it answered is kept
|-- LeaseHeldError         another run holds the feed
|-- LeaseLostError         this run's feed was taken over
|-- StoppedError           this run was told to stop; committed pages are kept
`-- TransientError         the only one that is worth a retry

Each text says where, what the fact is, and what to do; values of rows never appear.
"""

from __future__ import annotations

__all__ = [
    "BreakerError",
    "ConfigurationError",
    "DataError",
    "DriftError",
    "ExtractError",
    "LeaseHeldError",
    "LeaseLostError",
    "QuotaError",
    "RowError",
    "SourceError",
    "StageLostError",
    "StoppedError",
    "TargetError",
    "TransientError",
]


class ExtractError(Exception):
    """Base of every error that this package raises on purpose."""

    def __init__(self, message: str, *, feed: str | None = None) -> None:
        super().__init__(message)
        self.feed = feed


class ConfigurationError(ExtractError):
    """A file or a setting is wrong."""


class SourceError(ExtractError):
    """The source refuses, or lacks what was asked for."""


class RowError(SourceError):
    """The source can't compute a value of some row, so that the whole statement failed."""


class TargetError(ExtractError):
    """The warehouse refuses, or isn't set up."""


class StageLostError(TargetError):
    """Pages that were committed to staging are no longer there."""


class DriftError(ExtractError):
    """The source's shape no longer fits the lv0 table."""


class BreakerError(ExtractError):
    """A pass would delete more rows than its share allows."""


class DataError(ExtractError):
    """Rows that cannot be told apart, or too many that cannot be stored."""


class QuotaError(ExtractError):
    """A service takes no more requests for now."""


class LeaseHeldError(ExtractError):
    """Another run holds the feed."""


class LeaseLostError(ExtractError):
    """The feed was taken over while this run was away."""


class StoppedError(ExtractError):
    """The run was told to stop between two pages."""


class TransientError(ExtractError):
    """A lost connection, a deadlock: the same call may succeed later.

    Attributes:
        wait_seconds: how long the other side asks to wait; 0 where it doesn't say.
        is_spent: whoever raises it has tried for long enough already.
    """

    def __init__(
        self,
        message: str,
        *,
        feed: str | None = None,
        wait_seconds: float = 0.0,
        is_spent: bool = False,
    ) -> None:
        super().__init__(message, feed=feed)
        self.wait_seconds = wait_seconds
        self.is_spent = is_spent
