"""Databases of the shape of SIMRS Khanza and mLITE, with made-up wards, patients and times: those of the package."""

from rsonline.hospital.config import example


def _statements(name: str) -> tuple[str, ...]:
    lines = [line for line in example(name).splitlines() if not line.startswith("--")]
    return tuple(part for part in "\n".join(lines).split(";\n") if part.strip())


KHANZA = _statements("khanza")
MLITE = _statements("mlite")
