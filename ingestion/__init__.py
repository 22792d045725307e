"""How events arrive: files into `raw.events`, and what breaks the contract into `raw.events_quarantine`.

Belongs here: reading files in bounded chunks, mapping columns, identity, storing. Does not: what a good event is
(`data_contracts`), the tables (`warehouse`), words and progress bars for a terminal (`cli`).
"""

from ingestion.errors import FileRefusedError, OnlyBadRowsError, ReexportError
from ingestion.importing import import_files, import_frames
from ingestion.profile import Profile, parse_mapping
from ingestion.results import ImportResult, Progress, demand_good_rows

__all__ = [
    "FileRefusedError",
    "ImportResult",
    "OnlyBadRowsError",
    "Profile",
    "Progress",
    "ReexportError",
    "demand_good_rows",
    "import_files",
    "import_frames",
    "parse_mapping",
]
