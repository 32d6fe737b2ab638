"""Calendars that follow the courses: a secret link for each reader, made and withdrawn by its owner."""
