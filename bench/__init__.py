"""What the service can do on one core, measured beside itself: `python -m bench`."""
