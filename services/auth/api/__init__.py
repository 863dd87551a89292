"""HTTP in: parse, call one function, answer."""
