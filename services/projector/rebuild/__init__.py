"""A new generation beside the live one, from the feeds, switched in by one row once it is proven equal (law 8)."""
