"""The hospital's side: what it reads, keeps and sends. It knows the reports, and nothing of the service."""
