"""The JSON schema of a plan in YAML, for editors and for CI, made from the parser's own table of keys."""

from services.core.plan import MAX_TASKS, MAX_TITLE
from services.core.plan_fields import DEFAULT_KEYS, KEYS


def plan_schema() -> dict[str, object]:
    """JSON Schema (2020-12). It knows the shapes; circles, needs and repositories only the parser can judge."""
    keys = {name: {"description": key.summary, **key.schema} for name, key in KEYS.items()}
    task = {"type": "object", "additionalProperties": False, "required": ["id", "title"], "properties": keys}
    defaults = {
        "type": ["object", "null"],
        "description": "Values for every task that does not give its own.",
        "additionalProperties": False,
        "properties": {name: keys[name] for name in DEFAULT_KEYS},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Lockstep plan",
        "type": "object",
        "additionalProperties": False,
        "required": ["tasks"],
        "properties": {
            "title": {
                "type": ["string", "number", "boolean"],
                "description": "The plan's title.",
                "maxLength": MAX_TITLE,
            },
            "defaults": defaults,
            "tasks": {"type": "array", "minItems": 1, "maxItems": MAX_TASKS, "items": task},
        },
    }
