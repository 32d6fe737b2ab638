"""Words and rules that every service speaks. Pure: no I/O, no web, no database."""
