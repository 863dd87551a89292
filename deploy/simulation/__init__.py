"""People, phones and servers in one process, moved step by step from a seed, on the real decisions of both sides.

Real: the client's engine, queue and recovery; ingest's reading, verdicts and records; auth's decisions on devices and
tokens; the consumers' follower; the fold and the views. Made up: the network, the disks, PostgreSQL, Kafka and time.
"""
