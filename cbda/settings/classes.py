"""Names of classes, in any script."""

from typing import Annotated

from cbda.settings.section import like

# What pandas, and so most who read the tables, take for a value that is missing.
NO_NAMES = (
    *("None", "none", "null", "NULL", "nan", "NaN", "-nan", "-NaN", "NA", "N/A", "n/a", "<NA>"),
    *("#N/A", "#NA", "#N/A N/A", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN", "~", "Null"),
)
ClassName = Annotated[
    str,
    like(
        r"^(?=\S(.{0,58}\S)?$)[^-\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"
        r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]*$",
        "a name of at most 60 signs on one line, without blanks around it, that does not start with"
        ' "-"',
    ),
]
