"""The notifications themselves: made from facts, sent by the worker, each with the history of what came of it."""
