"""The prediction services: three BentoML services, one for each model, and what they need to answer a request.

Belongs here: the HTTP contract, features by user id, the model in use and how it is swapped, building a Bento, and
the client that calls a service. Does not belong here: training, scoring in batch, or any look into the registry.
"""
