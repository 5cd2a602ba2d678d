"""The one way in which a request is kept out."""


class Denied(Exception):
    """The request is not let in. `status` is the HTTP status, `reason` a key of the table of texts."""

    def __init__(self, status: int, reason: str, *, retry_after: int | None = None, **detail: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.retry_after = retry_after
        self.detail = detail
