"""Projects: who owns them, what they are to reach, who pays, and who may join. Loaded from data files."""
