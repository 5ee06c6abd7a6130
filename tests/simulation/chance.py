"""Everything that is left to chance, from one seed.

Each part of the world draws from a stream of its own, named after it, so that one more draw in one place does not turn
everything else around. A stream is seeded by text, which is the same in every process whatever PYTHONHASHSEED is.
"""

import math
import random
from functools import cache


class Chance:
    def __init__(self, seed: int) -> None:
        self.seed = seed

    def stream(self, name: str) -> "Stream":
        return Stream(f"{self.seed}/{name}")


class Stream(random.Random):
    """A random.Random with the few draws that come up again and again."""

    def hits(self, probability: float) -> bool:
        """True with that probability; nothing is drawn for what never happens."""
        return probability > 0 and self.random() < probability

    def spread(self, low: float, high: float) -> float:
        """Between the two, every order of magnitude alike: mostly short, now and then long."""
        return math.exp(self.uniform(_log(low), _log(high)))


_log = cache(math.log)
"""Of the few bounds that there are."""
