"""Profiles: what a person asks for, and the decisions that follow from it."""
