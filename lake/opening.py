"""Opens the lake of an installation, or says what to install.

Belongs here: what may be imported without the extra. Does not belong here: anything that needs pyiceberg.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import UserError
from lake.names import warehouse_location

if TYPE_CHECKING:
    from lake.catalogue import Lake


def open_lake(url: str, address: str, home: Path) -> "Lake":
    """The lake at an address (CUSTOMER_ANALYZER_LAKE), with its catalogue in the warehouse at `url`.

    Raises UserError where the extra is not installed.
    """
    if find_spec("pyiceberg") is None:
        raise UserError("The lake needs pyiceberg: install customer-analyzer[lake].")
    from lake.catalogue import Lake

    return Lake(url, warehouse_location(address, home))
