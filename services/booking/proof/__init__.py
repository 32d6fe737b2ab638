"""Proof of attended time: certificates of a course and of a month, which anyone who has their code can check."""
