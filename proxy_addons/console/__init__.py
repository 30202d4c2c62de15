"""What a person reads: the end of a run in words."""
