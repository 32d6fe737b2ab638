"""What a provider says afterwards: a delivery receipt, believed by its token and applied at most once."""
