"""The benches, in the order of the table."""

from tests.bench import booking, consumer, growth, latency, pages, relay

BENCHES = (relay.BENCH, consumer.BENCH, booking.MANY, booking.HOT, latency.BENCH, pages.BENCH, growth.BENCH)
