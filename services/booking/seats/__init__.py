"""The places of a run: pools, open to all or kept for an employer. Knows claims by id and never imports bookings."""
