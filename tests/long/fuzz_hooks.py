"""Loaded by Schemathesis: which values it does not send, because the description leaves them out on purpose."""
