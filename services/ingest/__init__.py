"""Owns the event store. Hears sync batches and identity events; says accepted events in device order, and hints."""
