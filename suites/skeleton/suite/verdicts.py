"""Verdicts of a JUnit report, a line each: result NAME = ok|failure|error|skipped."""
import sys
import xml.etree.ElementTree as ElementTree

counts = {}
for case in ElementTree.parse(sys.argv[1]).iter("testcase"):
    kinds = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
    name = " ".join(case.get("name").split())
    # Subtests have their test's name when they fail.
    counts[name] = counts.get(name, 0) + 1
    if counts[name] > 1:
        name += f" #{counts[name]}"
    verdict = kinds[0] if kinds else "ok" if case.get("result", "completed") == "completed" else case.get("result")
    print(f"result {name} = {verdict}")
