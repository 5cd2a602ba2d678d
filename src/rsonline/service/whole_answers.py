"""An answer that is there as a whole leaves in one piece.

The server under us checks each header of an answer by two patterns, and hands head and body to the connection one
after the other. Nearly all answers here are small and complete: they are put together at once and checked once.
Whatever is special about an answer (a stream, HEAD, no length, a connection to be closed by the application) takes the
server's own way.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

_OWN_WAY = frozenset({b"connection", b"transfer-encoding"})


async def in_one_piece(app: ASGIApp, cycle: RequestResponseCycle, scope: Scope, receive: Receive, send: Send) -> None:
    """Run the application. Its answer's head waits for the first part of the body."""
    head: Message | None = None

    async def sending(message: Message) -> None:
        nonlocal head
        if message["type"] == "http.response.start" and head is None and not cycle.response_started:
            head = message
            return
        if head is not None:
            first, head = head, None
            if _written(cycle, first, message):
                return
            await send(first)
        await send(message)

    await app(scope, receive, sending)
    if head is not None:
        # A body never came: the server says what that means.
        await send(head)


def _written(cycle: RequestResponseCycle, head: Message, body: Message) -> bool:
    """Write the whole answer, where it is one and nothing about it is special."""
    content: bytes = body.get("body", b"")
    headers: list[tuple[bytes, bytes]] = [*cycle.default_headers, *head.get("headers", ())]
    if (
        body["type"] != "http.response.body"
        or body.get("more_body", False)
        or cycle.disconnected
        or cycle.flow.write_paused
        or cycle.scope["method"] == "HEAD"
        or (b"content-length", b"%d" % len(content)) not in headers
        or any(name in _OWN_WAY for name, _ in headers)
    ):
        return False
    lines = [b"%b: %b\r\n" % header for header in headers]
    if not cycle.keep_alive:
        lines.append(b"connection: close\r\n")
    fields = b"".join(lines)
    if fields.count(b"\n") != len(lines) or fields.count(b"\r") != len(lines) or b"\0" in fields:
        # A line break inside a header: the server refuses it by name.
        return False
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    cycle.transport.write(b"%b%b\r\n%b" % (STATUS_LINE[head["status"]], fields, content))
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    return True
