"""A stand-in for the web APIs that the hub reads."""

from sandbox.api.institutions import INSTITUTION_FEEDS, changes_of
from sandbox.api.server import KEY, StubApi

__all__ = ["INSTITUTION_FEEDS", "KEY", "StubApi", "changes_of"]
