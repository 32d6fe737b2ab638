"""Facts and states between the services: outbox, relay, inbox, consumers, copies, timers, dead letters.

A service uses `outbox` (to tell), `reactions` (to listen) and `worker` (to run both); the rest is machinery.
"""
