"""What is said, in Swedish and English: one text for each kind, channel and language, checked when they are loaded."""
