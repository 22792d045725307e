"""The churn service: will a user who was active fall silent within the horizon?

Belongs here: only what BentoML needs to find and start it; everything else is shared with the other services.
"""

import bentoml

from serving.app import create_app
from serving.bento import SERVICE_OPTIONS, DirectService
from serving.runtime import open_runtime

app = create_app("churn", open_runtime)


@bentoml.service(name="churn", service_class=DirectService, **SERVICE_OPTIONS)
@bentoml.asgi_app(app)
class Churn:
    """Will a user who was active fall silent within the horizon?"""
