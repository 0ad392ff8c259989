# Two commands set everything up: `make run` and `make test`. See README.md and CONTRIBUTING.md.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
AGENTS := build/agents
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check # errors only: warnings are of the machine, not of us
AT_ONCE ?= 3
AGAIN ?= --reruns 1 --reruns-delay 2 # once more; what failed at first is shown (tests/again.py)
PYTEST := $(BIN)/python -m pytest $(AGAIN) -n $(AT_ONCE) --maxschedchunk 2 # no short test waits behind long ones
BROWSE := $(BIN)/python -m pytest $(AGAIN) -n $(AT_ONCE) --dist loadfile tests/browser # apart: playwright keeps a loop running
unexport PYTHONDONTWRITEBYTECODE # else each of the hundreds of processes that tests start compiles us anew

.PHONY: run test test-browser test-agents agents quick lint bench bench-peers pictures clean system ready compiled

run: $(VENV)/.installed-run        ## set up, then run the tasks of examples/month-1
	$(BIN)/python examples/month-1/run.py

test: $(VENV)/.installed-dev ready  ## everything that CI runs
	$(PYTEST)
	$(BROWSE)

ready: $(VENV)/.installed-dev      # one core is enough for each: side by side
	@$(MAKE) --no-print-directory -j 3 lint system compiled

compiled: $(VENV)/.installed-dev   # once, where else every worker would do it; what is wrong the tests themselves say
	@$(BIN)/python -m pytest --collect-only -qq tests tests/browser >/dev/null 2>&1 || true

test-browser: $(VENV)/.installed-dev system  ## the dashboard in Chromium; part of `make test`
	$(BROWSE)

test-agents: $(VENV)/.installed-agents agents  ## real coding agents through the gateway
	$(PYTEST) tests/agents

agents: $(AGENTS)/.installed $(AGENTS)/mini/.installed  ## as published, each in a place of its own

quick: $(VENV)/.installed-dev      ## the tests of a few seconds
	$(PYTEST) -q -m "not slow"

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check src tests bench scripts examples
	$(BIN)/ruff format --check src tests bench scripts examples
	$(BIN)/mypy

bench: $(VENV)/.installed-bench     ## each budget of speed beside its peers, as Markdown; ROWS="noop paced" for some
	@$(PYTHON) scripts/system_packages.py bench
	@$(BIN)/python -m bench $(ROWS)

bench-peers: .peers/.installed      ## LiteLLM and Portkey, for the rows of the gateway: 0.8 GB, apart from our packages

system:                            ## what the tests need beside Python; names what could not be had
	@$(PYTHON) scripts/system_packages.py

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) install --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-run: $(VENV)/.installed
	$(PIP) install --constraint constraints.txt pytest
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) install --no-compile --constraint constraints.txt --editable '.[dev]' # most of it is never loaded
	@touch $@

$(VENV)/.installed-agents: $(VENV)/.installed-dev
	$(PIP) install --no-compile --constraint constraints.txt --editable '.[agents]' # most of it is never loaded
	@touch $@

$(VENV)/.installed-bench: $(VENV)/.installed
	$(PIP) install --constraint constraints.txt --editable '.[bench]'
	@touch $@

.peers/.installed: Makefile
	$(PYTHON) -m venv .peers/litellm
	.peers/litellm/bin/pip install -qq --disable-pip-version-check 'litellm[proxy]==1.108.7'
	npm install --silent --no-audit --no-fund --prefix .peers/portkey @portkey-ai/gateway@1.15.2
	@touch $@

$(AGENTS)/.installed: tests/agents/package.json
	@$(PYTHON) scripts/system_packages.py agents
	@mkdir -p $(AGENTS)
	@if command -v npm >/dev/null; then \
		cp $< $(AGENTS)/ && npm install --prefix $(AGENTS) --no-package-lock --no-audit --no-fund --loglevel=error && touch $@; \
	fi

$(AGENTS)/mini/.installed: tests/agents/mini.txt
	$(PYTHON) -m venv $(AGENTS)/mini
	$(AGENTS)/mini/bin/python -m pip -qq --disable-pip-version-check install --requirement $<
	@touch $@

pictures: $(VENV)/.installed-dev system   ## those of docs/dashboard, made anew
	$(BIN)/python -m tests.browser.pictures docs/dashboard/pictures

clean:
	rm -rf $(VENV) $(AGENTS) build/bench .peers .mypy_cache .ruff_cache .pytest_cache .hypothesis
