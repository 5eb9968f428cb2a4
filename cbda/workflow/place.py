"""Where the files of the workflow are: beside the package, or within it if it is installed."""

from cbda.workflow.fingerprint import PACKAGE

SHIPPED = PACKAGE / "workflow/shipped"  # of an installed package; pyproject.toml says what is in it
FOLDER = SHIPPED if SHIPPED.is_dir() else PACKAGE.parent
SNAKEFILE = FOLDER / "Snakefile"
