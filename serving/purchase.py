"""The purchase service: will a user buy within the horizon, and for how much?

Belongs here: only what BentoML needs to find and start it; everything else is shared with the other services.
"""

import bentoml

from serving.app import create_app
from serving.bento import SERVICE_OPTIONS, DirectService
from serving.runtime import open_runtime

app = create_app("purchase", open_runtime)


@bentoml.service(name="purchase", service_class=DirectService, **SERVICE_OPTIONS)
@bentoml.asgi_app(app)
class Purchase:
    """Will a user buy within the horizon, and for how much?"""
