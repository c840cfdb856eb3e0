"""How each kind of server spells a page: pure text, one module per kind, no driver."""
