"""The embedded sandbox: a GreenHelix gateway without a network."""
