"""The formats of a report by their names, each with the function that makes it."""

FORMATS: dict[str, str] = {
    "concise": "gravity_lint.report.concise:render",
    "full": "gravity_lint.report.full:render",
    "grouped": "gravity_lint.report.grouped:render",
    "json": "gravity_lint.report.json:render",
    "json-lines": "gravity_lint.report.json:render_lines",
    "sarif": "gravity_lint.report.sarif:render",
    "github": "gravity_lint.report.github:render",
    "gitlab": "gravity_lint.report.gitlab:render",
    "junit": "gravity_lint.report.junit:render",
    "rdjson": "gravity_lint.report.rdjson:render",
    "azure": "gravity_lint.report.azure:render",
    "markdown": "gravity_lint.report.markdown:render",
}
"""A format's name → where it is: a function that takes a `Report` and a `Look`, and gives the parts of its text.

It is imported when it is asked for.
"""
