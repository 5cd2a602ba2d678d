"""Several processes of the service on one database: what one of them was told holds in all of them."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from rsonline.login.passwords import hash_password
from rsonline.store import audit, hospitals
from rsonline.store.database import Database
from rsonline.store.engines import transaction
from tests.databases import rows
from tests.long.process import PASSWORD, Service, hospitals_in

CODE = "9600001"
NEW = "made-up-for-the-change-4712"
pytestmark = pytest.mark.slow


@contextmanager
def processes(folder: Path, database: Database, count: int) -> Iterator[list[Service]]:
    """So many processes on one database; killed at the end."""
    with ExitStack() as stack:
        running = []
        for number in range(count):
            own = folder / f"process-{number}"
            own.mkdir()
            service = Service(own, database)
            stack.callback(service.kill)
            service.start()
            running.append(service)
        yield running


def post(port: int, password: str, count: int, statuses: list[int], day: str = "2026-01-01") -> None:
    """So many saves over one connection; the status of each."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for number in range(count):
        headers = {"X-rs-id": CODE, "X-pass": password, "X-Timestamp": str(int(time.time()))}
        body = json.dumps({"tanggal": day, "p_cair": number})
        connection.request("POST", "/fo/index.php/Logistik/oksigen", body, headers)
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()


def test_an_old_password_is_dead_in_every_process_once_the_change_has_committed(
    tmp_path: Path, database: Database
) -> None:
    hospitals_in(database, [CODE])
    with processes(tmp_path, database, 4) as services:
        before: list[int] = []
        during: list[int] = []
        loading = [
            threading.Thread(target=post, args=(service.port, PASSWORD, 150, during, f"2026-02-{n + 1:02}"))
            for n, service in enumerate(services)
        ]
        for service in services:
            post(service.port, PASSWORD, 5, before)
        assert set(before) == {200}
        for thread in loading:
            thread.start()
        time.sleep(0.1)
        with transaction(database) as access:
            hospitals.new_password(access, CODE, hash_password(NEW), at_once=True)
        kept = rows(database, "SELECT count(*) AS n FROM journal WHERE object = 'oksigen'")[0]["n"]
        after: list[list[int]] = [[] for _ in services]
        asking = [
            threading.Thread(target=post, args=(service.port, PASSWORD, 250, statuses, "2026-03-01"))
            for service, statuses in zip(services, after, strict=True)
        ]
        for thread in asking:
            thread.start()
        for thread in (*loading, *asking):
            thread.join()
        refused = [status for statuses in after for status in statuses]
        assert len(refused) == 1000
        # Wrong passwords of one address are also counted, so that some are told to wait.
        assert set(refused) <= {401, 429}
        assert rows(database, "SELECT count(*) AS n FROM oksigen WHERE tanggal = '2026-03-01'")[0]["n"] == 0
        assert kept >= len(before)
        assert 200 in during
    with transaction(database) as access:
        assert audit.verify(access.connection).faults == []


def test_one_record_written_by_two_processes_keeps_every_change(tmp_path: Path, database: Database) -> None:
    hospitals_in(database, [CODE])
    with processes(tmp_path, database, 2) as services:
        answers: list[int] = []
        threads = [
            threading.Thread(target=post, args=(service.port, PASSWORD, 100, answers))
            for service in services
            for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    # Two processes may find an embedded database busy; nobody is told a success that is none.
    assert set(answers) <= {200, 503}
    version = rows(database, "SELECT version FROM oksigen")[0]["version"]
    lines = rows(database, "SELECT count(*) AS n FROM journal WHERE object = 'oksigen'")[0]["n"]
    assert version == lines >= answers.count(200)
    if not database.embedded:
        assert set(answers) == {200}
        assert version == 600
    with transaction(database) as access:
        assert audit.verify(access.connection).faults == []
