"""An officer's desk: what waits for her, her cases by their next deadline, and all of a case on one page."""
