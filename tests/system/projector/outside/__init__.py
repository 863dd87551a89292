"""A domain of contacts and transactions with its views, as someone outside the tree would write it."""
