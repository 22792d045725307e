"""One user's data, wherever it is: given to them as JSON, or erased.

Belongs here: finding, exporting and erasing what is held about a user. Does not: keeping erased users out of imports
(`ingestion`, by the hashes in `raw.erased_users`), what is asked and printed (`cli`).
"""
