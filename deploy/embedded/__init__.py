"""Everything Kurslots needs on one machine, without Docker, root or a system service.

A part (PostgreSQL, Kafka, the origin, a service) is a process that the supervisor keeps running;
each can be replaced by a real one.
"""
