"""Weekly reports: which are due, what they say, and the loop that makes them."""
