# Everything a person does with Swapline from a shell. `make help` lists it.

PYTHON ?= python3
PIP_INSTALL = bin/python -m pip install --quiet --no-input --disable-pip-version-check --root-user-action ignore \
	--require-hashes --only-binary :all:

# An environment that you name (make test VENV=/some/venv) is taken as it is; ours is made from the lock.
ifeq ($(origin VENV),undefined)
# Who shares a checkout with somebody else has an environment of their own: the other's may lie on a Python that only
# they may read.
VENV := $(shell if [ ! -e .venv ] || [ -O .venv ]; then echo .venv; else echo .venv-`id -u`; fi)
RUNTIME := $(VENV)/installed-runtime
TOOLS := $(VENV)/installed-tools
endif
BIN = $(VENV)/bin

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | while IFS='|' read -r name text; do printf '%-18s %s\n' "$$name" "$$text"; done

.PHONY: run
run: $(RUNTIME) ## start everything on http://127.0.0.1:8000 (PORT=8001 for another port); Ctrl-C stops it
	@"$(BIN)/python" -m config.run

.PHONY: reset
reset: $(RUNTIME) ## forget the embedded database; the next run starts over
	@"$(BIN)/python" -m config.reset

.PHONY: promises
promises: $(RUNTIME) ## prove P1, P2, P4 and P6 on the rows of what runs
	@"$(BIN)/python" manage.py check_promises

# A process that dies is not replaced: by files, the others would wait for ever for what was left to it.
SIDE_BY_SIDE = --numprocesses auto --maxprocesses 8 --max-worker-restart 0

.PHONY: test
test: $(TOOLS) ## the whole test suite (ARGS="-k line" for a part)
	"$(BIN)/python" -m pytest $(SIDE_BY_SIDE) --dist loadfile $(ARGS)

.PHONY: lint
lint: $(TOOLS) ## style of the code
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .

.PHONY: types
types: $(TOOLS) ## mypy, strictly
	"$(BIN)/mypy"

.PHONY: contracts
contracts: $(TOOLS) ## who may import whom
	"$(BIN)/lint-imports"

.PHONY: messages
messages: $(TOOLS) ## collect the words of the code into locale/, to be translated
	@"$(BIN)/python" scripts/messages.py

.PHONY: bench
bench: $(TOOLS) ## how fast, as text and as JSON under build/
	"$(BIN)/python" -m tests.bench

.PHONY: forecast-report
forecast-report: $(TOOLS) ## how right the forecast is on simulated days, against bounds (a quarter of an hour)
	@"$(BIN)/python" manage.py forecast_report

.PHONY: lighthouse
lighthouse: $(TOOLS) ## what Lighthouse says of the driver's pages, against bounds (needs Node.js and Chromium)
	"$(BIN)/python" -m tests.lighthouse

.PHONY: lock
lock: $(TOOLS) ## resolve the requirements again, for Python 3.11 to 3.13
	@command -v uv > /dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/"; exit 1; }
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) pyproject.toml --group test --group lint -c requirements.lock -o requirements-dev.lock

COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--only-binary :all: --custom-compile-command "make lock"

$(VENV)/installed-runtime: requirements.lock
	@$(MAKE) --no-print-directory environment
	@echo "Installing the pinned packages, once (about a minute) ..."
	@$(VENV)/$(PIP_INSTALL) -r requirements.lock
	@touch $@

$(VENV)/installed-tools: requirements-dev.lock
	@$(MAKE) --no-print-directory environment
	@echo "Installing the pinned packages and the tools, once (about two minutes) ..."
	@$(VENV)/$(PIP_INSTALL) -r requirements-dev.lock
	@touch $@ $(VENV)/installed-runtime

.PHONY: environment
environment:
	@command -v $(PYTHON) > /dev/null || { \
		echo "Swapline needs Python 3.11, 3.12 or 3.13. Debian, Ubuntu: apt install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
		echo "Swapline needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is `$(PYTHON) --version 2>&1`."; \
		echo "Name another one: make run PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2> /dev/null || { \
		echo "This Python lacks venv or pip. Debian, Ubuntu: apt install python3-venv python3-pip"; \
		echo "Fedora: dnf install python3-pip. Or name another Python: make run PYTHON=python3.12"; exit 1; }
	@$(VENV)/bin/python -c '' 2> /dev/null || { rm -rf $(VENV) && $(PYTHON) -m venv $(VENV); }
