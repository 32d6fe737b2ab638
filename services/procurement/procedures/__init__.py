"""How a lot is bought: criteria, invitations, the deadline and the key under which bids are sealed."""
