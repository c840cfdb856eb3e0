"""Address refinement: what an address search says of the addresses that the models find.

`words` is pure: which texts are asked, and what is read from an address itself. `client` is the
service, `pace` its rate, `master` the table of answers and its daily copies, `run` the run.
"""

from extract.address.run import Due, explain, run

__all__ = ["Due", "explain", "run"]
