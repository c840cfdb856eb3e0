"""A stand-in for Heroku Connect and the Salesforce behind it, for one schema named `hc`."""

from sandbox.heroku_connect.mappings import MAPPINGS, MappingsError
from sandbox.heroku_connect.salesforce import DrainReport, drain
from sandbox.heroku_connect.schema import hc_writes, install

__all__ = ["MAPPINGS", "DrainReport", "MappingsError", "drain", "hc_writes", "install"]
