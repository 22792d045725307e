"""The partitions of the assets: one for each `as_of`, the day at whose beginning everything used was known."""

import dagster as dg

# Early enough for any event. The last key is today, because "as of today" means events before today.
AS_OF = dg.DailyPartitionsDefinition(start_date="1970-01-01", end_offset=1)
