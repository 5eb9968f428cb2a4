# make          install, then make the table of the default experiment
# make report   the table, its figures and one page that holds everything
# make test     run the tests, and print which lines they cover
# make check    format, lint and types, as CI does
# make bench    speed and memory of acquisition, in about five minutes
# make gpu      what only a GPU can show, on one card, in ten minutes at most; skipped without one
# make rehearsal  GTAV to Cityscapes on made-up images at true size: four hours, 12 GB of memory
# make tiny     the whole workflow at toy size, with a small network from scratch, in a minute or two
# make soak     kill the toy workflow 200 times and compare the bytes, in about an hour
# make asking   kill page, browser and workflow 50 times while queries are answered; needs a Chromium
# make browser  a Chromium for the tests of the page, installed on Debian if you are root
# make accessibility  axe-core on the report and the page of queries; needs a Chromium and npm
# make damage   200 damages to results of the toy workflow: are they all noticed?
# make environments  every phase where something is missing: memory to share, a home, ...; minutes
# make package  build the wheel, and try it in environments without this repository; minutes, 6 GB
# make site     the documentation as a site, in site/index.html; no link may lead nowhere
# make slurm    the toy workflow through a Slurm of this machine, for root on Debian

PYTHON ?= python3
BIN := .venv/bin
RUN := PATH="$(CURDIR)/$(BIN):$$PATH"

.PHONY: table report install test check tiny bench gpu rehearsal soak asking damage environments slurm browser package site accessibility
.DEFAULT_GOAL := table

table: install
	$(RUN) snakemake results/table_mIoU.csv --cores all
	@cat results/tabulate.log
	@echo "the table: results/table_mIoU.csv"

report: install
	$(RUN) snakemake results/report.html --cores all
	@tail -n 1 results/report.log

install: .venv/installed

.venv/installed: pyproject.toml envs/constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("cbda needs Python 3.11 or newer; try: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --constraint envs/constraints.txt --editable ".[dev]"
	@touch $@

# hundreds of processes read compiled code, which is kept even where the environment says otherwise
test: install
	$(RUN) OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --cov=cbda --cov-report=term:skip-covered

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/snakefmt --check --line-length 100 Snakefile workflow
	$(BIN)/mypy
	$(BIN)/python docs/examples.py docs/python.md > .mypy_cache/script.py  # as a user writes it
	$(BIN)/mypy --strict .mypy_cache/script.py
	$(BIN)/lint-imports --no-cache
	$(RUN) snakemake --lint

site: install
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

tiny: install
	$(RUN) snakemake results/tiny/table_mIoU.csv --cores 2 --configfile workflow/configs/toy.yaml
	@cat results/tiny/tabulate.log

bench: install
	@OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks

gpu: install
	$(RUN) pytest -m gpu -rs tests/gpu

# 200 kills at random moments, an hour or less; make soak KILLS=28 for two in every rule
KILLS ?= 200
soak: install
	$(RUN) OMP_NUM_THREADS=1 $(BIN)/python -m tests.soak $(KILLS)

# a person at the page, through rounds of the toy workflow, while all of it is killed; minutes
asking: install
	$(RUN) OMP_NUM_THREADS=1 $(BIN)/python -m tests.asking

# random damages to a finished toy experiment, in minutes
DAMAGES ?= 200
damage: install
	$(RUN) OMP_NUM_THREADS=1 $(BIN)/python -m tests.damage $(DAMAGES)

# the toy workflow through a Slurm of this machine, which it installs if it is root; minutes
slurm: install
	$(BIN)/pip install --quiet --constraint envs/constraints.txt --editable ".[dev,cluster]"
	$(RUN) OMP_NUM_THREADS=1 timeout 1800 $(BIN)/python -m tests.slurm

# what tests/annotation/test_page.py drives; Debian's own, as Playwright's needs a download
browser:
	@command -v chromium > /dev/null \
		|| (apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium) \
		|| (echo "make browser: install Chromium, as root or by other means"; exit 1)

accessibility: install
	$(BIN)/python -m tests.accessibility

# ten environments in which something is missing, some of which only root can make
environments: install
	$(RUN) OMP_NUM_THREADS=1 $(BIN)/python -m tests.environments

# what a stranger does: pip install of the wheel alone, without and with all its parts
package: install
	$(BIN)/python -m tests.package

rehearsal: install
	$(BIN)/python -m tests.rehearsal workflow/configs/gtav_cityscapes.yaml --folder results/rehearsal
