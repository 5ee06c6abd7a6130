"""What protects a branch, as far as we look: the checks that it requires, by its protection or by rulesets."""

import msgspec


class _Contexts(msgspec.Struct, frozen=True):
    contexts: list[str] = []


class _Protection(msgspec.Struct, frozen=True):
    required_status_checks: _Contexts | None = None


class BranchShape(msgspec.Struct, frozen=True):
    """A branch with what its protection requires."""

    protection: _Protection | None = None

    def required(self) -> frozenset[str]:
        wanted = self.protection.required_status_checks if self.protection is not None else None
        return frozenset(wanted.contexts) if wanted is not None else frozenset()


class _Context(msgspec.Struct, frozen=True):
    context: str


class _Parameters(msgspec.Struct, frozen=True):
    required_status_checks: list[_Context] = []


class RuleShape(msgspec.Struct, frozen=True):
    """One rule of a ruleset that holds for a branch."""

    type: str
    parameters: _Parameters | None = None

    def required(self) -> frozenset[str]:
        wanted = self.parameters.required_status_checks if self.parameters is not None else []
        return frozenset(each.context for each in wanted)
