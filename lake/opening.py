"""Opens the lake of an installation, or says what to install.

Belongs here: what may be imported without the extra. Does not belong here: anything that needs pyiceberg.
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING

from core.errors import UserError

if TYPE_CHECKING:
    from lake.catalogue import Lake


def open_lake(url: str, location: str = "") -> "Lake":
    """The lake whose catalogue is in the warehouse at `url`.

    `location` (`names.warehouse_location`) is where tables are made; those that are there know their place. Raises
    UserError where the extra is not installed.
    """
    if find_spec("pyiceberg") is None:
        raise UserError("The lake needs pyiceberg: install customer-analyzer[lake].")
    from lake.catalogue import Lake

    return Lake(url, location)
