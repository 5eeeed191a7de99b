"""What ``minitorch.teach`` warns about: a file per subject, a class per mistake."""

from . import inputs, layers, modes, numbers, seeds, steps
from .lesson import Lesson, TeachingWarning, Warner

__all__ = ["Lesson", "TeachingWarning", "Warner", "all_lessons"]


def all_lessons(warner: Warner) -> list[Lesson]:
    """One of each."""
    kinds: list[type[Lesson]] = [
        inputs.SquashedInput, inputs.WrongLabels, inputs.SilentBroadcast,
        numbers.NotANumber, numbers.RisingLoss, numbers.UnevenGradients,
        layers.DeadUnits, layers.NoGradient, layers.OtherParameters,
        modes.ForgottenEval, modes.ForgottenTrain,
        steps.NeverZeroed, steps.NoStep,
        seeds.NoSeed,
    ]  # fmt: skip
    return [kind(warner) for kind in kinds]
