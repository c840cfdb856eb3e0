"""The proof that lv0 holds what the source holds: see docs/verify.md."""

from extract.verify.report import Difference, Verification
from extract.verify.run import LIMIT, verify

__all__ = ["LIMIT", "Difference", "Verification", "verify"]
