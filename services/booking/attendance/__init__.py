"""Attendance: who was at which meeting for how long, signed by the participant, and the hours that follow."""
