"""What the services tell each other: facts, states, their topics and their envelope. One module per owner.

A type and version is never changed once it has been sent: `schemas/` and `golden/` hold what was promised.
"""
