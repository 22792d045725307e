"""The API of the running platform, for commands that ask it as any other program would."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api_client.clients import ApiClient


@contextmanager
def running_api() -> Iterator["ApiClient"]:
    """The API of the running platform, called with this home's own key."""
    from api_client.clients import ApiClient
    from api_client.errors import ApiRefused, ApiUnreachable
    from core.errors import OperationError, UserError
    from core.home import Home
    from core.settings import read_settings
    from standalone.local_key import key_to_show
    from standalone.up import find_up

    settings = read_settings()
    home = Home(settings.home)
    up = find_up(home)
    address = None if up is None else up.servers.get("api", {}).get("address")
    if address is None:
        raise OperationError("The API is not running; start it with: customer-analyzer up")
    try:
        with ApiClient(str(address), key_to_show(settings, home)) as api:
            yield api
    except ApiRefused as error:
        raise UserError(str(error)) from error
    except ApiUnreachable as error:
        raise OperationError(str(error)) from error
