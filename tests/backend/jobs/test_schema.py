"""The queue's tables in every home are those of one version of the library."""

import hashlib

from procrastinate.schema import SchemaManager

OF_3_10 = "c70ec4b400a60ad9592787653aae5ae77ae41bf801d56b5bd2712751a07f2009"


def test_the_library_makes_the_schema_that_homes_have() -> None:
    """A version of the library with another schema needs a migration from this one, and then another digest here."""
    assert hashlib.sha256(SchemaManager.get_schema().encode()).hexdigest() == OF_3_10
