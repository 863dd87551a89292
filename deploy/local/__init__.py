"""The local run: embedded PostgreSQL and Kafka, every service as a supervised process, and the operator's commands."""
