# Every target does its own set-up in a fresh clone: a .venv with the pinned requirements.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo run test bench lint long clean

demo: $(VENV)/.ready          ## send a message across both ways and show it on both sides
	$(BIN)/mixer demo

run: $(VENV)/.ready           ## run the gateway with the example configuration
	$(BIN)/mixer serve -c docs/example.toml

test: $(VENV)/.ready-dev      ## the fast tests; MIXER_REQUIRE=peers,shared runs the slow ones and those with peers too
	$(BIN)/pytest -n 2 -m "not slow and not peer"
	$(if $(MIXER_REQUIRE),$(BIN)/pytest -rs -m "slow or peer")

lint: $(VENV)/.ready-dev      ## ruff and mypy --strict
	$(BIN)/ruff check gateway tests
	$(BIN)/mypy gateway

bench: $(VENV)/.ready         ## messages per second each way, memory, processor time; mapping tables and users: loading, memory, look-ups
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench_addresses
	$(BIN)/python -m tests.bench_peers

long: $(VENV)/.ready-dev      ## longer robustness runs: new random examples, and five minutes of damaged input for each decoder
	MIXER_LONG=1 $(BIN)/pytest -m slow
	$(BIN)/python -m tests.fuzz --seconds 300

$(VENV)/.ready: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
