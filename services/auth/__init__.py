"""auth owns users, devices, credentials, refresh families, merges, erasures and signing keys.

It hears HTTP, accepted events (device activity) and effects; it says identity events, from a log of its own.
"""
