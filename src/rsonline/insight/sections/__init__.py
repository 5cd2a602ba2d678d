"""The sections of figures, one subject to a module."""
