"""Dialect B: the gateway's own REST shapes, one file a resource (observed on gateway 1.4.8)."""
