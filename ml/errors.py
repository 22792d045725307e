"""Every way the library can say no. Each message is one sentence that names the thing and the way out."""


class MLError(Exception):
    """Root of every failure a caller of `ml` is expected to handle."""


class InvalidHorizon(MLError):
    """The horizon is not a number of days that can be predicted."""


class NotEnoughHistory(MLError):
    """Too little time lies before `as_of` to train, calibrate and test out of time."""


class OverlappingWindows(MLError):
    """A plan whose label window reaches into a later role's cutoff: what it found would be about its own past."""


class NotApplicable(MLError):
    """The data cannot carry this model at all (a purchase model where nobody ever bought)."""


class NotEnoughData(MLError):
    """The frame has no usable row where one is needed."""


class FeatureMismatch(MLError):
    """A frame lacks columns that a model or a catalogue promises."""


class ArtifactError(MLError):
    """A model directory is missing, altered, or not what its manifest says."""
