"""One file with the four databases, and the way back: a restored server begins a new epoch."""
