"""Prints the part of requirements.lock that names some packages, with their hashes.

part_of_lock.py LOCK NAME...              the packages named
part_of_lock.py LOCK --named-in FILE      the packages that a resolved list (name==version lines) names
"""

import re
import sys
from pathlib import Path


def part(lock: str, names: set[str]) -> str:
    """The entries of these packages, each with its hashes. Raises SystemExit for a name that the lock lacks."""
    entries = re.findall(r"^([a-z0-9._-]+)==.*?(?=^[a-z0-9]|\Z)", lock, flags=re.DOTALL | re.MULTILINE)
    missing = names - set(entries)
    if missing:
        sys.exit(f"The lock lacks {', '.join(sorted(missing))}.")
    found = re.finditer(r"^([a-z0-9._-]+)==.*?(?=^[a-z0-9]|\Z)", lock, flags=re.DOTALL | re.MULTILINE)
    return "".join(entry[0] for entry in found if entry[1] in names)


def named(resolved: str) -> set[str]:
    """The names of a resolved list."""
    return set(re.findall(r"^([a-z0-9._-]+)==", resolved, flags=re.MULTILINE))


if __name__ == "__main__":
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    wanted = named(Path(sys.argv[3]).read_text(encoding="utf-8")) if sys.argv[2] == "--named-in" else set(sys.argv[2:])
    sys.stdout.write(part(text, wanted))
