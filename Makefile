# Two commands need nothing but git, make and Python 3.11 or newer: `make demo` and `make test`. Each sets up what it needs in .venv.

PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,$(shell $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))
PY := .venv/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help demo test lint check fix bench docs clean .venv
.DEFAULT_GOAL := help

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

demo: .venv ## Run the main job end to end on this machine
	@$(PY) -m bot demo

# Half of the time tests wait for processes and timers, so there are more workers than processors.
# Bytecode is made once and kept, whatever the environment says: else each of many processes compiles everything again.
test: .venv/.dev ## Run all tests
	@$(PY) -m compileall -q -j 0 benchmarks bot handlers services tests/kit tests/simulation
	@unset PYTHONDONTWRITEBYTECODE; PYTEST_XDIST_AUTO_NUM_WORKERS=$$($(PY) -c "import os; n = os.cpu_count() or 1; print(n + (n + 1) // 2)") $(PY) -m pytest -n auto --dist worksteal

lint: .venv/.dev ## Format, lint, types and import contracts
	@$(PY) -m ruff format --check --quiet .
	@$(PY) -m ruff check --quiet .
	@$(PY) -m mypy
	@.venv/bin/lint-imports

check: lint test ## Everything that must hold before a change goes in

fix: .venv/.dev ## Format and repair what can be repaired
	@$(PY) -m ruff check --quiet --fix .
	@$(PY) -m ruff format --quiet .

bench: .venv/.dev ## Measure the figures: make bench NAME=demo
	@$(PY) -m benchmarks $(NAME)

docs: .venv/.dev ## Build the documentation into site/
	@$(PY) docs/generate.py
	@$(PY) -m mkdocs build --quiet --strict

clean: ## Remove the virtual environment and everything built
	rm -rf .venv site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv: .venv/.base

.venv/.base: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Lockstep needs Python 3.11 or newer; install it or say PYTHON=/path/to/python3."; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "Python's venv module is missing; on Debian and Ubuntu install python3-venv."; exit 1; }
	@$(PIP) --editable .
	@touch $@

.venv/.dev: .venv/.base
	@$(PIP) --editable '.[dev]'
	@touch $@
