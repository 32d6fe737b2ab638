"""What a project has reached, counted from the same data that the work is done with."""
