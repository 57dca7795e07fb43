"""Tests of what the benchmarks do with their figures. Nothing is measured."""

import os
import sys
import tempfile
import unittest
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "bench"))

import baseline  # noqa: E402
import document  # noqa: E402
import figures  # noqa: E402
import plots  # noqa: E402


def section_with(key, *arguments):
    section = figures.Section()
    section.figure(key, *arguments)
    return {"s": section.plain()}


class Baseline(unittest.TestCase):
    def problems(self, former, latter):
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/baseline.json"
            baseline.write(path, former)
            return baseline.compare(path, latter)[0]

    def compare(self, former, latter, better="lower", tolerance=0):
        return self.problems(
            section_with("s.x", former, better, True, tolerance),
            section_with("s.x", latter, better, True, tolerance))

    def test_a_figure_within_the_spread_of_the_baseline_is_no_problem(self):
        self.assertEqual(self.compare([1.0, 1.2], [1.3]), [])

    def test_a_figure_beyond_spread_and_noise_is_told_with_its_limit(self):
        self.assertEqual(self.compare([1.0, 1.2], [1.4]),
                         ["s.x: 1.4, in the baseline 1.1, limit 1.32"])

    def test_a_higher_rate_is_no_problem_and_a_lower_one_is(self):
        self.assertEqual(self.compare([1.0], [2.0], "higher"), [])
        self.assertEqual(len(self.compare([1.0], [0.8], "higher")), 1)

    def test_a_tolerance_of_its_own_replaces_the_noise(self):
        self.assertEqual(self.compare([1000], [1049], tolerance=0.05), [])
        self.assertEqual(len(self.compare([1000], [1051], tolerance=0.05)), 1)

    def test_a_guarded_figure_without_a_baseline_is_a_problem(self):
        found = self.problems(section_with("s.x", [1], "lower", True),
                              section_with("s.y", [1], "lower", True))
        self.assertEqual(found, ["s.y: is not in the baseline"])

    def test_what_is_not_guarded_is_not_compared(self):
        self.assertEqual(self.problems(section_with("s.x", [1]),
                                       section_with("s.x", [9])), [])


class Output(unittest.TestCase):
    def test_only_the_text_between_the_markers_is_replaced(self):
        text = "a\n<!-- bench x -->\nold\n<!-- end -->\nb\n" \
               "<!-- bench y -->\nkept\n<!-- end -->\n"
        self.assertEqual(
            document.replace(text, "x", "new"),
            "a\n<!-- bench x -->\n\nnew\n<!-- end -->\nb\n"
            "<!-- bench y -->\nkept\n<!-- end -->\n")

    def test_plots_are_xml(self):
        for plot in (
                {"title": "a < b", "axis": "n", "unit": "s",
                 "lines": {"&": [[1, 0.5], [5000, 7]], "c": [[1, 1]]}},
                {"title": "a < b", "unit": "x", "mark": 1,
                 "bars": {"&": 0.5, "c": 2}}):
            root = xml.etree.ElementTree.fromstring(plots.draw(plot))
            self.assertTrue(root.tag.endswith("svg"))

    def test_the_document_has_a_place_for_each_section(self):
        import run
        folder = os.path.join(os.path.dirname(run.__file__), "..")
        with open(f"{folder}/docs/performance.md", encoding="ascii") as f:
            text = f.read()
        for name in run.STANDARD + ("build", "counts", "goals", "machine"):
            self.assertEqual(text.count(f"<!-- bench {name} -->"), 1, name)


if __name__ == "__main__":
    unittest.main()
