"""A model of a disk that keeps for certain only what was synced, and what it may hold when the power goes."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.long.filetrace import Call, NotModelled, Step

SECTOR = 512
"""Bytes that a disk writes as one: either all of them or none."""


@dataclass
class File:
    """A file on the model of a disk: its certain bytes, and the calls that changed it since it was last synced."""

    certain: bytearray
    pending: dict[int, Call] = field(default_factory=dict)
    finished: set[int] = field(default_factory=set)
    """The pending calls that have returned: those that a sync which begins now makes certain."""


class Disk:
    """A disk on which only what a sync that returned has covered is certain, names included.

    The strict reading of POSIX: a new or removed name is certain only after a sync of the folder; the sync of a file
    says nothing of its name. After a sync that failed, what it should have covered is not written any more (Linux
    takes the pages for clean). `lying` are files whose syncs do nothing.
    """

    def __init__(self, before: dict[str, bytes], lying: frozenset[str] = frozenset()) -> None:
        self._names = {name: File(bytearray(content)) for name, content in before.items()}
        self._certain = dict(self._names)
        self._renamed: dict[int, tuple[str, File | None]] = {}
        self._syncing: dict[int, list[int]] = {}
        self._lying = lying

    def step(self, step: Step) -> None:
        """What a call changes. A write is there from its beginning, a sync is done at its end."""
        call = step.call
        if call.kind == "sync":
            self._sync(call, step.end)
        elif call.kind in ("write", "resize"):
            file = self._names.get(call.name)
            if file is None:
                raise NotModelled(f"{call.kind} on {call.name}, which was never made")
            if not step.end:
                file.pending[call.number] = call
            elif call.failed:
                file.pending.pop(call.number, None)
            else:
                file.finished.add(call.number)
        elif call.kind == "create" and not step.end and not call.failed and call.name not in self._names:
            self._names[call.name] = File(bytearray())
            self._renamed[call.number] = (call.name, self._names[call.name])
        elif call.kind == "remove" and not step.end and not call.failed and call.name in self._names:
            del self._names[call.name]
            self._renamed[call.number] = (call.name, None)

    def _sync(self, call: Call, end: bool) -> None:
        if call.name in self._lying:
            return
        if call.name == ".":
            if not end:
                self._syncing[call.number] = list(self._renamed)
            elif not call.failed:
                for number in self._syncing.pop(call.number):
                    self._settle(self._certain, *self._renamed.pop(number))
            return
        file = self._names[call.name]
        if not end:
            self._syncing[call.number] = [n for n in file.pending if n in file.finished]
            return
        for number in self._syncing.pop(call.number):
            change = file.pending.pop(number)
            file.finished.discard(number)
            if not call.failed:
                _apply(file.certain, change, 0, len(change.data))

    @staticmethod
    def _settle(names: dict[str, File], name: str, file: File | None) -> None:
        if file is None:
            names.pop(name, None)
        else:
            names[name] = file

    def after_a_cut(self, chance: random.Random) -> dict[str, bytes]:
        """One of the many things that the files may hold if the power goes now."""
        names = dict(self._certain)
        for name, file in self._renamed.values():
            if chance.random() < 0.5:
                self._settle(names, name, file)
        return {name: bytes(_remains(file, chance)) for name, file in names.items()}


def _remains(file: File, chance: random.Random) -> bytearray:
    """The certain bytes and what happens to have been written of the rest, in whatever order."""
    content = bytearray(file.certain)
    pending = list(file.pending.values())
    fate = chance.choice(("nothing", "everything", "some", "torn", "beginning", "end"))
    cut = chance.randint(0, len(pending))
    for place, call in enumerate(pending):
        if fate == "nothing" or (fate == "some" and chance.random() < 0.5) or (fate == "end" and place < cut):
            continue
        torn = fate == "torn" or (fate == "beginning" and place == cut)
        if fate == "beginning" and place > cut:
            break
        if not torn or call.kind == "resize":
            if not torn or chance.random() < 0.5:
                _apply(content, call, 0, len(call.data))
            continue
        for start, stop in _sectors(call):
            if chance.random() < 0.5:
                _apply(content, call, start, stop)
    # The size may be written before what it makes room for.
    most = max((c.offset + len(c.data) for c in pending), default=0)
    if most > len(content) and chance.random() < 0.3:
        content.extend(bytes(most - len(content)))
    return content


def _sectors(call: Call) -> Iterator[tuple[int, int]]:
    """The parts of a write that a disk writes or does not, as places in its data."""
    start = 0
    while start < len(call.data):
        stop = min(len(call.data), start + SECTOR - (call.offset + start) % SECTOR)
        yield start, stop
        start = stop


def _apply(content: bytearray, call: Call, start: int, stop: int) -> None:
    if call.kind == "resize":
        del content[call.offset :]
        content.extend(bytes(call.offset - len(content)))
        return
    place = call.offset + start
    if place > len(content):
        content.extend(bytes(place - len(content)))
    content[place : call.offset + stop] = call.data[start:stop]
