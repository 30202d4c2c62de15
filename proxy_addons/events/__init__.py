"""What happened, as typed events, and their writers."""
