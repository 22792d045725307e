"""Whether a challenger may become champion: both are judged on the same newest matured rows.

Belongs here: the comparison and its limits. Does not belong here: where rows and models come from, and carrying out
the verdict (`orchestration.judging`). Start at `ml.gate.decision`.
"""
