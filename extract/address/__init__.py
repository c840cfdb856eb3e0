"""Address refinement: what an address search says of the addresses that the models find.

`words` is pure: which texts are asked, and what is read from an address itself. `client` is the
service, `pace` its rate, `run` the run; the table of answers is `targets.address_master`.
"""
