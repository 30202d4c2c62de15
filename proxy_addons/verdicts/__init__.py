"""Checks on the agent, computed from the journal alone. One file a check."""
