"""Files of events that people upload: looked into, rehearsed, imported."""
