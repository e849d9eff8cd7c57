# Everything a person needs: make demo, make test. Each target makes its own .venv first.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DEMO   := demo
PORT   ?= 8001

.PHONY: setup demo serve start test drill lint alpha fix bench docs lock clean
.DEFAULT_GOAL := demo

$(BIN)/memories: pyproject.toml requirements/serve.txt
	@command -v $(PYTHON) >/dev/null \
	 || { echo "there is no $(PYTHON) here: make PYTHON=... with Python 3.11 or newer" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	 || { echo "$(PYTHON) is too old: Python 3.11 or newer, please; make PYTHON=python3.12 names one" >&2; exit 1; }
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	@echo "fetching what is needed into $(VENV); the first time takes a minute" >&2
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements/serve.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/.test: $(BIN)/memories requirements/test.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements/test.txt
	@touch $@

setup: $(BIN)/memories         ## the .venv and nothing else: the command is .venv/bin/memories

demo: $(BIN)/memories          ## the invented exports in examples/, served on 127.0.0.1:8001; PORT=8010
	@$(BIN)/memories demo --dir $(DEMO) --port $(PORT)

serve: $(BIN)/memories         ## your own archive, memories.db here
	@$(BIN)/memories serve --port $(PORT)

start: $(BIN)/memories         ## make start ARGS="--file_in=chat.txt --log_level=INFO"
	@$(BIN)/memories start $(ARGS)

# What pip cannot bring: the browser, and what looks into videos. Asked of Debian's package manager, where that may be.
DEBIAN := chromium ffmpeg sqlite3 fonts-noto-color-emoji fonts-noto-core fonts-noto-cjk
ROOTLY := $(if $(filter 0,$(shell id -u)),,sudo -n)

$(VENV)/.tools: $(BIN)/memories
	@{ command -v chromium || command -v google-chrome; } >/dev/null && command -v ffmpeg >/dev/null \
	 && command -v sqlite3 >/dev/null \
	 || { command -v apt-get >/dev/null && $(ROOTLY) apt-get update -q >/dev/null \
	      && DEBIAN_FRONTEND=noninteractive $(ROOTLY) apt-get install -y -q --no-install-recommends $(DEBIAN) \
	         >/dev/null; } \
	 || { echo "the tests want a browser, ffmpeg and sqlite3; please install: $(DEBIAN)" >&2; exit 1; }
	@touch $@

test: $(VENV)/.test $(VENV)/.tools ## all fast tests
	@$(BIN)/python -m pytest -n 4 --dist worksteal -m "not drill"

drill: $(VENV)/.test $(VENV)/.tools ## the slow ones
	@HYPOTHESIS_PROFILE=drill $(BIN)/python -m pytest -n 2 --dist worksteal -m "drill or property"

lint: $(VENV)/.test
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/djlint --lint --quiet templates

alpha: $(VENV)/.test           ## the newest Datasette is refused, unless it was tried
	@$(BIN)/python -m scripts.try_alpha

fix: $(VENV)/.test
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

bench: $(VENV)/.test           ## ratios against peers and limits; ARGS="edge --count 100000"
	@mkdir -p .bench/peers
	@test -d .bench/peers/venv \
	 || { $(PYTHON) -m venv .bench/peers/venv \
	      && .bench/peers/venv/bin/python -m pip install -q --disable-pip-version-check \
	         "whatstk>=0.7" "chatpack>=0.1"; }
	@if command -v npm >/dev/null; then \
	  npm install --silent --no-audit --no-fund --prefix .bench/peers whatsapp-chat-parser@4; fi
	@$(BIN)/python -m bench $(ARGS)

docs: $(VENV)/.test            ## write the generated pages of docs/ anew
	@$(BIN)/python -m scripts.write_docs

lock: $(VENV)/.test            ## pin the dependencies anew
	@$(BIN)/python -m pip install -q pip-tools
	@$(BIN)/python -m scripts.lock

clean:
	rm -rf $(VENV) $(DEMO) .pytest_cache .mypy_cache .ruff_cache .hypothesis
