"""Contracts: drafted from the award, signed after the standstill, ordered from line by line; and the file note."""
