"""Naming: from an HTTP request to the logical calls that it carries."""
