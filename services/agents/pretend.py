"""The model `test`: it asks nobody, costs nothing and always answers the same, to try Lockstep out and to test it."""

from collections.abc import Collection, Sequence

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
AGAIN = ("edit", '{"path": "lockstep-coder.txt", "old": "wrote this", "new": "wrote and wrote this"}')
"""What a second try, or another task of the repository, changes."""
IS_THERE = "is there already"


def pretended(tools: Collection[str], results: Sequence[str]) -> str | tuple[str, str]:
    """The text of the answer, or a tool and the JSON for it. results: what tools have said, so far."""
    if "edit" not in tools:
        return DRAFT
    if len(results) == 1 and IS_THERE in results[0]:
        return AGAIN
    return WRITES if not results else "Done: lockstep-coder.txt is written."
