"""Events in: one at a time or up to a thousand, each with an answer of its own, once it is committed."""
