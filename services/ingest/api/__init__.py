"""HTTP in: sync and pull for devices, hints, and the internal feeds."""
