"""What a change of a run means for those who have booked: they are told, and asked whether they still come."""
