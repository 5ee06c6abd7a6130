"""The model `test`: it asks nobody, costs nothing and always answers the same, to try Lockstep out and to test it."""

from collections.abc import Collection

DRAFT = """\
```yaml
title: A plan of the test model
tasks:
  - id: draft
    title: Write down that a model was asked
    agent: script
    run: echo "The test model drafted this." > lockstep-draft.txt
```
"""
WRITES = ("edit", '{"path": "lockstep-coder.txt", "old": "", "new": "The test model wrote this.\\n"}')


def pretended(tools: Collection[str], results: int) -> str | tuple[str, str]:
    """The text of the answer, or a tool and the JSON for it. results: of tools, so far."""
    if "edit" not in tools:
        return DRAFT
    return WRITES if not results else "Done: lockstep-coder.txt is written."
