"""How fast the product is on this machine, against the machine's own limit."""
