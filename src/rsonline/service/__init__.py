"""Door one: machines."""
