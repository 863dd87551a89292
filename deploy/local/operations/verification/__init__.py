"""Whether event store, topics and read stores agree, and where they first differ."""
