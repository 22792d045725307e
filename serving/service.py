"""The service that a Bento holds, of whatever model it was built with.

Belongs here: only what BentoML needs to find and start it. BentoML wants a service in a module's name, so this is made
when the module is imported. Does not belong here: anything a service does (`app.py`, `runtime.py`).
"""

import os
from pathlib import Path

import bentoml

from serving.app import create_app
from serving.bento import SERVICE_OPTIONS, DirectService
from serving.model_slot import read_build
from serving.runtime import open_runtime
from serving.settings import BUILD_FILE

# Set where no Bento is served, but the installed packages and a model that lies elsewhere.
kind = read_build(Path(os.environ.get("SERVING_BUILD_FILE", BUILD_FILE))).kind
app = create_app(kind, open_runtime)


@bentoml.service(name=kind, service_class=DirectService, **SERVICE_OPTIONS)
@bentoml.asgi_app(app)
class ModelService:
    """Answers with one model; `GET /model` says which."""
