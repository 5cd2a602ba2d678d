"""The database alone: the same statements in batches, in one thread, without anything around them.

`python -m bench.raw FOLDER CORE BATCH COUNT` prints rows a second; it is a program of its own so that the core and a
preloaded library hold for it alone.
"""

import os
import pickle
import sys
import time
from pathlib import Path

from rsonline.store.sqlite_engine import connect

STATEMENTS = "statements.pickle"
DATABASE = "rsonline.sqlite3"


def main() -> None:
    """Execute the prepared statements."""
    folder, core, batch, count = Path(sys.argv[1]), *(int(a) for a in sys.argv[2:])
    os.sched_setaffinity(0, {core})
    # Written by the benchmark itself, a moment ago, into its own folder.
    pairs = pickle.loads((folder / STATEMENTS).read_bytes())[:count]  # noqa: S301
    db = connect(folder / DATABASE)
    begun = time.perf_counter()
    for first in range(0, len(pairs), batch):
        db.execute("BEGIN IMMEDIATE")
        for row, line in pairs[first : first + batch]:
            db.execute(*row)
            db.execute(*line)
        db.execute("COMMIT")
    seconds = time.perf_counter() - begun
    db.close()
    print(len(pairs) / seconds)


if __name__ == "__main__":
    main()
