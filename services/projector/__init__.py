"""projector owns the read models and each device's applied sequence. It hears accepted events and identity events, and
says that merges and erasures are applied and which conflicts it found."""
