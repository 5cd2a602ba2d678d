"""What may be said: the report kinds, their members and how they are read."""
