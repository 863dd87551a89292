"""ingest's own database: the only room with SQL."""
