"""Suppliers and the sign-ins that act for them."""
