"""Requests that wait for an officer, and the cases that she puts them in, with lots and the advice on each."""
