"""People: who they are, how they sign in, what they may do, and their part in projects."""
