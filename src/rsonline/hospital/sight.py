"""How an agent stands, written beside its outbox: JSON for programs and for `status`, text for Prometheus.

Report kinds, counts and times; nothing of what the reports say. A text is Indonesian, with the English one beside it
under the same name and `_en`.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rsonline.hospital.agent import Agent
from rsonline.hospital.alarm import Trouble
from rsonline.hospital.messages import Counts
from rsonline.reports.verdict import Words

STALE = 60.0
"""Seconds without a new look after which an agent is taken to have stopped."""
STATES = {
    "ok": Words("baik", "good"),
    "warning": Words("ada masalah", "something is wrong"),
    "critical": Words("gawat", "critical"),
    "stopped": Words("tidak berjalan", "not running"),
}
"""How the states are called."""


def health(agent: Agent, troubles: Sequence[Trouble]) -> dict[str, Any]:
    """How it stands, as JSON; times in seconds since 1970. `state` is `ok`, `warning` or `critical`."""
    state = agent.delivery.state
    messages, size = agent.outbox.size()
    levels = {trouble.level for trouble in troubles}
    return {
        "hospital": agent.config.code,
        "at": agent.clock(),
        "begun": agent.begun,
        "running": not agent.over,
        "state": "critical" if "critical" in levels else "warning" if levels else "ok",
        "waiting": messages,
        "bytes": size,
        "last_accepted": state.last_accepted,
        "away_since": state.away_since,
        "locked_since": state.locked_since,
        "full_since": agent.full_since,
        "alarm_failed": agent.alarms.failed,
        "reports": {counts.report: counted(counts) for counts in agent.outbox.counts()},
        "feeds": {
            name: {
                "report": next(feed.report.name for feed in agent.config.feeds if feed.name == name),
                "read": reading.read,
                "rows": reading.rows,
                "rejected": reading.rejected,
                "braked": None if reading.braked is None else list(reading.braked),
                "fault": "" if reading.fault is None else reading.fault.id,
                "fault_en": "" if reading.fault is None else reading.fault.en,
            }
            for name, reading in agent.readings.items()
        },
        "troubles": [
            {"name": name, "level": level, "text": text.id, "text_en": text.en, "since": since}
            for name, level, text, since in troubles
        ],
    }


def counted(counts: Counts) -> dict[str, Any]:
    """One report kind for JSON."""
    said = counts._asdict()
    del said["report"]
    return said


def metrics(said: dict[str, Any]) -> str:
    """The same as Prometheus text (version 0.0.4)."""
    lines = [
        "# HELP rsonline_agent_messages Messages that have not arrived, by report kind and state.",
        "# TYPE rsonline_agent_messages gauge",
        *(
            f'rsonline_agent_messages{{report="{report}",state="{state}"}} {counts[state]}'
            for report, counts in said["reports"].items()
            for state in ("waiting", "sent", "refused")
        ),
        "# HELP rsonline_agent_accepted_total Messages that the service confirmed.",
        "# TYPE rsonline_agent_accepted_total counter",
        *(
            f'rsonline_agent_accepted_total{{report="{report}"}} {counts["arrived"]}'
            for report, counts in said["reports"].items()
        ),
        "# HELP rsonline_agent_oldest_seconds Age of the oldest message that has not arrived.",
        "# TYPE rsonline_agent_oldest_seconds gauge",
        *(
            f'rsonline_agent_oldest_seconds{{report="{report}"}} '
            f"{0 if counts['oldest'] is None else max(said['at'] - counts['oldest'], 0):.0f}"
            for report, counts in said["reports"].items()
        ),
        "# HELP rsonline_agent_rejected_rows Rows of the hospital's data that cannot be sent as they are.",
        "# TYPE rsonline_agent_rejected_rows gauge",
        *(f'rsonline_agent_rejected_rows{{feed="{_quoted(n)}"}} {f["rejected"]}' for n, f in said["feeds"].items()),
        "# HELP rsonline_agent_source_up Whether the last reading of a feed succeeded.",
        "# TYPE rsonline_agent_source_up gauge",
        *(
            f'rsonline_agent_source_up{{feed="{_quoted(n)}"}} {int(not f["fault"] and f["read"] is not None)}'
            for n, f in said["feeds"].items()
        ),
        "# HELP rsonline_agent_service_up Whether the service answers and lets the hospital in.",
        "# TYPE rsonline_agent_service_up gauge",
        f"rsonline_agent_service_up {int(said['away_since'] is None and said['locked_since'] is None)}",
        "# HELP rsonline_agent_full Whether the outbox takes nothing more.",
        "# TYPE rsonline_agent_full gauge",
        f"rsonline_agent_full {int(said['full_since'] is not None)}",
        "# HELP rsonline_agent_last_look_timestamp_seconds When this was written.",
        "# TYPE rsonline_agent_last_look_timestamp_seconds gauge",
        f"rsonline_agent_last_look_timestamp_seconds {said['at']:.0f}",
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")


def written(agent: Agent, troubles: list[Trouble]) -> None:
    """Write both files, each whole or not at all. Raises OSError."""
    said = health(agent, troubles)
    _replace(agent.config.health, json.dumps(said, ensure_ascii=False, indent=1) + "\n")
    _replace(agent.config.metrics, metrics(said))


def _replace(path: Path, text: str) -> None:
    beside = path.with_name(path.name + ".baru")
    beside.write_text(text, "utf-8")
    os.replace(beside, path)


def told(path: Path) -> dict[str, Any] | None:
    """What an agent last wrote of itself; None where none ever ran here. Raises OSError, ValueError."""
    try:
        said: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    return said


def text_in(said: Mapping[str, Any], name: str, lang: str) -> str:
    """A text of what was told, in a language. What an earlier release wrote has the Indonesian one only."""
    text: str = said.get(f"{name}_en", said[name]) if lang == "en" else said[name]
    return text
