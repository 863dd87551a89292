"""HTTP in: the reads of protocol.md, and what operators and other services ask."""
