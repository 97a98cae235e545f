"""The words by which files, folders and stages say that they are examples, for tests, or for development."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gravity_lint.regex import regex

TESTS = frozenset({"test", "tests", "testing", "ci", "e2e", "integration"})
EXAMPLES = frozenset({"example", "examples", "sample", "samples", "demo", "template"})
DEVELOPMENT = frozenset({"dev", "devel", "develop", "development", "local", "localdev", "override"})
PRODUCTION = frozenset({"prod", "production", "live", "deploy", "deployment", "staging", "stage", "release"})

_EXAMPLE = r"(?:examples?|samples?|demo|exemple|ejemplo|exemplo|beispiel|esempio)"
_FILE = r"(?:(?:docker[- ]?)?compose(?:[- ]?file)?|file|config(?:uration)?|set-?up|stack|deployment|environment|yaml)"
_IS_EXAMPLE = (
    (("exampl", "sampl", "demo", "exempl", "ejempl", "beispiel", "esempi"), regex(rf"""
    ^\W*{_EXAMPLE}\s*(?:$|[:!.,()–—-]|only\b)              # EXAMPLE: …
  | ^\W*(?:an?\s+)?{_EXAMPLE}\s+(?:\w+\s+){{0,2}}{_FILE}\b  # Example docker-compose file
    """, re.IGNORECASE | re.VERBOSE)),
    (("exampl", "sampl", "demo", "exempl", "ejempl", "beispiel", "esempi", "illustration"), regex(rf"""
    \b{_EXAMPLE}\s+only\b | \bonly\s+(?:an?\s+)?{_EXAMPLE}\b
  | \b(?:is|as|c'est|es|est|ist|é|è)\s+(?:\w+\s+)?(?:an?|une?|un|ein|um|en)\s+(?:\w+\s+){{0,2}}{_EXAMPLE}\b(?!\s+of\b)
  | \b{_FILE}\s+{_EXAMPLE}\b
  | \bfor\s+(?:demonstration|demo|illustration|example)\s+purposes?\b | \bdemo(?:nstration)?\s+purposes?\b
    """, re.IGNORECASE | re.VERBOSE)),
    (("prod",), regex(r"""
    \b(?:not|never|non|(?:is|are|do)\s?n['’]?t|nicht|pas|no)\b[^.;]{0,40}\bprod(?:uction|ucción|ução|uktion)?\b
  | \bnon-prod(?:uction)?\b
    """, re.IGNORECASE | re.VERBOSE)),
    (("only",), regex(r"""
    \b(?:dev(?:elopment)?|local(?:ly)?|testing|tests?)\b[\s\w-]{0,20}\bonly\b
  | \bonly\b[\s\w-]{0,20}\b(?:dev(?:elopment)?|local(?:ly)?|testing|tests)\b
    """, re.IGNORECASE | re.VERBOSE)),
    (("your", "their"), regex(r"""
    \b(?:configure|adapt|adjust|change|customi[sz]e)\s+(?:\w+\s+){0,3}(?:for|to)\s+your\s+(?:own\s+)?
    (?:project|deployment|environment|needs|infrastructure)\b
  | \bcreate\s+(?:their|your)\s+own\b
    """, re.IGNORECASE | re.VERBOSE)),
)
"""What says so, each with the beginnings of words, in small letters, of which a text must hold one."""
_NOT_EXAMPLE = regex(r"\bproduction[- ](?:ready|grade)\b|\bfor\s+example\b|\be\.g\.", re.IGNORECASE)
_IS_DEVELOPMENT = regex(
    r"\b(?:for|during)\s+(?:local\s+)?(?:dev(?:elopment)?|testing)\b|\blocal\s+dev(?:elopment)?\b"
    rf"|\bdev(?:elopment)?\s+{_FILE}\b", re.IGNORECASE)


def says_example(texts: Iterable[str]) -> bool:
    """Whether a comment or a name says that its file is an example, or not for production."""
    return any(_is_example(text) and not _NOT_EXAMPLE.search(text) for text in texts)


def _is_example(text: str) -> bool:
    small = text.casefold()
    return any(any(word in small for word in words) and pattern.search(text) for words, pattern in _IS_EXAMPLE)


def says_development(texts: Iterable[str]) -> bool:
    """Whether a comment or a name says that its file is for development."""
    return any(_IS_DEVELOPMENT.search(text) for text in texts)


def is_for_tests(name: str) -> bool:
    """Whether the name of a file, a container or a stage has a word that says it is for tests."""
    return not TESTS.isdisjoint(re.findall(r"[a-z0-9]+", name.lower()))
