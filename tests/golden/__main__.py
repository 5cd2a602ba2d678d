"""Renew the golden files after a wanted change: `python -m tests.golden --write`; without it, name what differs."""

import sys

from tests.golden.texts import FOLDER, TEXTS


def main() -> int:
    """Write or compare; 1 if something differs."""
    write = sys.argv[1:] == ["--write"]
    differs = 0
    for name, text_of in TEXTS.items():
        path, text = FOLDER / name, text_of()
        if path.exists() and path.read_text("utf-8") == text:
            continue
        if write:
            path.write_text(text, "utf-8")
        differs = 1
        sys.stdout.write(f"{name}: {'written' if write else 'differs'}\n")
    return 0 if write else differs


if __name__ == "__main__":
    sys.exit(main())
