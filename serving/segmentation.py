"""The segmentation service: which group of alike users is a user in?

Belongs here: only what BentoML needs to find and start it; everything else is shared with the other services.
"""

import bentoml

from serving.app import create_app
from serving.bento import SERVICE_OPTIONS, DirectService
from serving.runtime import open_runtime

app = create_app("segmentation", open_runtime)


@bentoml.service(name="segmentation", service_class=DirectService, **SERVICE_OPTIONS)
@bentoml.asgi_app(app)
class Segmentation:
    """Which group of alike users is a user in?"""
