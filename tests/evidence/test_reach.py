"""Tables of questions 3 and 4 say what their files say."""

from evidence import reach
from tests.evidence.test_parts import write_classes


def test_variants_are_ranked_against_the_usual_training(tables):
    usual = {"margin_pixel": 3, "random_pixel": 2, "random": 1, "ra_exact": 0}
    turned = {"margin_pixel": 0, "random_pixel": 1, "random": 2, "ra_exact": 3}
    for name, means in (("ranking_generated", usual), ("ranking_rounds", turned)):
        values = {
            (method, seed): value + seed % 2 * 0.1 * value
            for method, value in means.items()
            for seed in range(3)
        }
        write_classes(tables / name, values)
    table = reach.ranking()
    assert list(table["τ"]) == ["1.00", "-1.00"]
    names = ["`margin_pixel` - `random_pixel`", "`random` - `ra_exact`"]
    assert list(table.loc["streets", names].str[:6]) == ["**+2.1", "**+2.1"]
    assert list(table.loc["six rounds", names].str[:6]) == ["**-2.1", "**-2.1"]


def test_every_variant_of_the_training_is_a_row(made_up):
    table = reach.ranking()
    assert list(table.index) == list(reach.VARIANTS.values())
    assert table.index.name == "n = 5"


def test_four_differences_are_shown_of_every_measure(made_up):
    table = reach.large(*reach.MEASURES)
    assert len(table) == 16
    assert list(table) == ["5 %", "10 %", "20 %"]
    assert table["5 %"].loc["mIoU: `cbda` - `ra`"][:2] in ("-1", "-2")


def test_balance_is_shown_with_its_decimals(made_up):
    assert list(reach.by_budget("large", "mIoU").loc["full"])[1:] == ["", ""]
    assert reach.by_budget("large", "balance")["5 %"].str.match(r"0\.\d{3} ± 0\.\d{3}").all()
    assert reach.by_budget("large", "worst")["5 %"].str.match(r"\d\d\.\d ± \d\.\d$").all()
