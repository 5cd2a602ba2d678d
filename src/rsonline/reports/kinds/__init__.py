"""The report kinds of the guide, one module each."""
