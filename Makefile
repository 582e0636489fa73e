# `make` lists the commands. Each does all its own set-up in .venv; when that is done, it starts at once.
PYTHON ?= python3
PORT ?= 8888
BROWSER ?= yes
RUN := .venv/bin/python
ONE_THREAD := TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1

.PHONY: help lab test lint execute tidy check slides handout site pictures assignment grade bench lock clean student dev

help: ## list the commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

lab: student ## open the course in JupyterLab (PORT=8888, BROWSER=no to open none)
	@$(RUN) -m jupyterlab --config=tools/jupyter_config.py --port=$(PORT) $(if $(filter no,$(BROWSER)),--no-browser)

# Of two cores, each of the two processes gets one; the number of TensorFlow's threads does not change the outputs.
test: dev ## run every notebook and every test
	@$(ONE_THREAD) $(RUN) -m pytest --numprocesses=2 --dist=loadscope --no-loadscope-reorder $(ARGS)

lint: dev ## check the style of code and notebooks
	@$(RUN) -m ruff check . && $(RUN) -m ruff format --check --exclude '*.ipynb' .

execute: student ## run notebooks and store their outputs (NB=07 for one, RETIME=yes to take times anew)
	@$(RUN) -m tools.notebooks execute $(if $(filter yes,$(RETIME)),--retime) $(NB)

tidy: student ## bring notebooks into the form they are stored in, without running them (NB=07 for one)
	@$(RUN) -m tools.notebooks tidy $(NB)

check: dev ## run the tests about a notebook: its rules, links, exercises, deck, and nbval (NB=07, or NB="07 08")
	@$(ONE_THREAD) $(RUN) -m tools.notebooks check $(NB)

slides: dev ## build the decks of slides, in build/slides (NB=07 for one, WATCH=yes to see changes on saving)
	@$(RUN) -m tools.publish.slides $(if $(filter yes,$(WATCH)),--watch) $(NB)

handout: dev ## print the slides as PDF, in build/slides; needs Chromium (NB=07 for one)
	@$(RUN) -m tools.publish.slides --pdf $(NB)

site: dev ## build a site of all notebooks and decks, in build/site
	@$(RUN) -m tools.publish.slides && $(RUN) -m tools.publish.site

pictures: site ## take the pictures of docs/presenting.md; needs Chromium
	@$(RUN) -m tools.publish.pictures

assignment: dev ## build an nbgrader assignment from the exercises of a notebook (NB=04)
	@$(RUN) -m tools.grading.assignment $(NB)

grade: dev ## grade what was handed in (SUBMISSIONS=folder, NB=04; WEAK=yes without a sandbox)
	@$(RUN) -m tools.grading.grade "$(SUBMISSIONS)" $(NB) $(if $(filter yes,$(WEAK)),--weak) $(ARGS)

bench: student ## measure what is fast, side by side
	@for file in benchmarks/*.py; do $(RUN) $$file || exit 1; done

lock: dev ## compile requirements*.in to locks (UPGRADE=--upgrade for the newest versions)
	@for name in requirements requirements-dev; do $(RUN) -m uv pip compile --quiet --universal --generate-hashes \
	  --no-header --python-version 3.11 $(UPGRADE) $$name.in -o $$name.txt || exit 1; done

clean: ## remove .venv and everything that was built; not your work
	rm -rf .venv .venv.lock build .pytest_cache .hypothesis .ruff_cache

student dev:
	@command -v $(PYTHON) >/dev/null || { echo "There is no program $(PYTHON). Install Python 3.11 to 3.13." >&2; exit 1; }
	@$(PYTHON) tools/install.py $(if $(filter dev,$@),--dev)
