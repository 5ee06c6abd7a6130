"""Fixtures of the contract tests."""

from tests.kit.contract import contract

__all__ = ["contract"]
