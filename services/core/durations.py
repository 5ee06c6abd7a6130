"""How long something takes, in words for people."""


def lasting(seconds: float) -> str:
    """A duration in at most two units: 42 s, 12 min, 3 h 05, 2 d 4 h. What is negative lasts 0 s."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} min"
    hours = whole // 3_600
    if hours < 24:
        return f"{hours} h {whole % 3_600 // 60:02}"
    return f"{hours // 24} d {hours % 24} h"


def took(seconds: float) -> str:
    """The same for what is often over at once: below ten seconds with a tenth."""
    return f"{max(0.0, seconds):.1f} s" if seconds < 9.95 else lasting(seconds)
