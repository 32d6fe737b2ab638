"""What is taught (courses), when it is offered (runs) and in which blocks (meetings). Seats and bookings come later."""
