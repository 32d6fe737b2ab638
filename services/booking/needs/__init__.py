"""What an employer lacks: need surveys, the training plan that comes of each, and its lines, the needs."""
