"""The benches, in the order of the table."""

from tests.bench import relay

BENCHES = (relay.BENCH,)
