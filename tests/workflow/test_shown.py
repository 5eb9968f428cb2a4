"""Messages of Snakemake as a user needs them."""

import logging
from types import SimpleNamespace

import pytest
from snakemake.common import NOTHING_TO_BE_DONE_MSG
from snakemake.exceptions import InputFunctionException, print_exception

from cbda.errors import UserError
from cbda.workflow.session import explained
from cbda.workflow.shown import Shown


class Rule:
    """As much of a rule as its exceptions ask for."""

    lineno, snakefile, name = 3, "evaluate.smk", "evaluate"

    workflow = SimpleNamespace(linemaps={})


@pytest.fixture
def shown(caplog):
    """Messages of Snakemake, as they are shown; there are results."""
    from snakemake.logging import logger

    added = Shown(lambda: "the table: results/table_mIoU.csv")
    logger.addFilter(added)
    yield caplog
    logger.removeFilter(added)


def plainly():
    raise UserError("datasets.val.root is empty: nothing can be evaluated")


def as_a_setting():
    with explained():
        plainly()


@pytest.mark.parametrize("function", [plainly, as_a_setting])
def test_mistake_in_a_function_of_a_rule_is_one_line(shown, function):
    try:
        function()
    except Exception as error:
        print_exception(InputFunctionException(error, {"seed": "0"}, rule=Rule), {})
    expected = "WorkflowError:\ndatasets.val.root is empty: nothing can be evaluated"
    assert shown.messages == [expected]


def test_fault_of_ours_is_shown_as_a_crash(shown):
    try:
        vars()["a"]
    except KeyError as error:
        print_exception(InputFunctionException(error, {"seed": "0"}, rule=Rule), {})
    assert "KeyError" in shown.messages[0]
    assert "Traceback" in shown.messages[0]


def test_run_that_has_nothing_to_do_says_where_results_are(shown, caplog):
    with caplog.at_level(logging.INFO):
        from snakemake.logging import logger

        logger.info(NOTHING_TO_BE_DONE_MSG)
    said = f"{NOTHING_TO_BE_DONE_MSG}\nthe table: results/table_mIoU.csv"
    assert shown.messages == [said]
