"""The services: ingest, projector, auth and coach. None imports another; they meet in Kafka and in `shared`."""
