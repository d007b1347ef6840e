"""State and archive: what was written under which id, and every run and action."""
