"""How the assets are cut: by `as_of`, the day whose beginning everything is known up to."""

import dagster as dg

# Early enough for any event. The last key is today: as of today means events before today.
AS_OF = dg.DailyPartitionsDefinition(start_date="1970-01-01", end_offset=1)
