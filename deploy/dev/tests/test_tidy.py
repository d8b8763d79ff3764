"""The rules of tests/tidy find what they are for, and nothing else.

python3 -m unittest discover -s deploy/dev/tests
"""

from __future__ import annotations

import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "tidy"))

import tidy  # noqa: E402
from rules import duplicates, functions, layers  # noqa: E402
from rules.source import Source  # noqa: E402


def found(text: str) -> list[tuple[str, int, int]]:
    """Name, lines and parameters of every function."""
    return [(f.name, f.lines, f.parameters) for f in functions.functions(Source("a.cpp", text).code)]


class SourceTest(unittest.TestCase):
    def test_comments_texts_and_directives_are_blanked_in_place(self) -> None:
        text = 'int a = 1\'000; // {\n#define X \\\n    {\n/* {\n{ */ char c = \'{\'; auto s = "{\\"{"; auto r = R"sql({\n")sql";\n'
        code = Source("a.cpp", text).code
        self.assertEqual(code.count("\n"), text.count("\n"))
        self.assertNotIn("{", code)
        self.assertIn("1'000;", code)


class FunctionsTest(unittest.TestCase):
    def test_every_kind_of_function_is_found(self) -> None:
        text = """
namespace a::b {
namespace {
constexpr int kTable[] = {1, 2};
const std::map<int, int> kMap{{1, 2}, {3, 4}};
enum class Word { kOne, kTwo };
int one(int a, std::map<int, std::pair<int, int>> b = {}) {
    if (a) {
        return 1;
    }
    for (const auto& x : b) { a += x.first; }
    const auto sum = [&](int c, int d) { return c + d; };
    return sum(a, a);
}
}  // namespace
template <class T, class U = int>
class [[nodiscard]] Two : public Base<T> {
 public:
    Two() = default;
    explicit Two(T value) : value_{std::move(value)}, other_(1), list_{1, 2} {}
    [[nodiscard]] bool empty() const noexcept { return list_.empty(); }
    Two& operator=(const Two& other) { return *this; }
    bool operator()(int a, int b) const { return a < b; }
    explicit operator bool() const noexcept { return true; }
    decltype(auto) with(std::function<void(int, int)> use) { return use(1, 2); }
    struct Inner { int a = 0; int b{1}; };
 private:
    T value_{};
    Inner inner_ = {1, 2};
};
void Outer::run(
    int a,
    const std::function<void(int, int)>& done
) {
    done(a, a);
}
Outer::Outer(int a) : a_(a) {
    run(a, {});
}
auto trailing(int a) -> std::vector<int> { return {a}; }
}
TEST_CASE("a, b") {
    CHECK(true);
}
"""
        self.assertEqual(
            found(text),
            [
                ("one", 8, 2),
                ("Two", 1, 1),
                ("empty", 1, 0),
                ("operator=", 1, 1),
                ("operator()", 1, 2),
                ("operator bool", 1, 0),
                ("with", 1, 1),
                ("Outer::run", 6, 2),
                ("Outer::Outer", 3, 1),
                ("trailing", 1, 1),
                ("TEST_CASE", 3, 1),
            ],
        )

    def check(self, name: str, text: str) -> list[str]:
        return list(functions.check([Source(name, text)]))

    def test_seventy_lines_pass_and_one_more_does_not(self) -> None:
        def text(lines: int) -> str:
            return "void f() {\n" + "    g();\n" * (lines - 2) + "}\n"

        self.assertEqual(self.check("a.cpp", text(70)), [])
        self.assertEqual(self.check("a.cpp", text(71)), ["a.cpp:1: f() has 71 lines, more than 70"])

    def test_six_parameters_pass_and_seven_do_not(self) -> None:
        self.assertEqual(self.check("a.hpp", "void f(int a, int b, int c, int d, int e, int g) {}"), [])
        seven = "void f(int a, int b, int c, int d, int e, int g, int h) {}"
        self.assertEqual(self.check("a.hpp", seven), ["a.hpp:1: f() takes 7 parameters, more than 6"])

    def test_only_constructors_of_the_composition_root_may_take_more(self) -> None:
        seven = "(int a, int b, int c, int d, int e, int g, int h)"
        constructor, function = f"App::App{seven} {{}}", f"void App::run{seven} {{}}"
        self.assertEqual(self.check("services/x/src/app.cpp", constructor), [])
        self.assertEqual(self.check("services/x/src/consumers.hpp", f"class Consumers {{ Consumers{seven} {{}} }};"), [])
        self.assertEqual(len(self.check("services/x/src/app.cpp", function)), 1)
        self.assertEqual(len(self.check("services/x/src/use_cases/app_use.cpp", constructor)), 1)

    def test_what_cannot_be_read_is_a_violation(self) -> None:
        self.assertEqual(len(self.check("a.cpp", "void f() {{}")), 1)


class LayersTest(unittest.TestCase):
    def check(self, name: str, *includes: str, text: str = "") -> list[str]:
        targets = ("domain/a.hpp", "use_cases/a.hpp", "store/a.hpp", "events/a.hpp", "rpc/a.hpp", "clients/a.hpp")
        roots = ("app.hpp", "consumers.hpp", "config.hpp", "ports.hpp")
        files = [Source(f"services/x/src/{target}", "") for target in (*targets, *roots)]
        lines = "".join(f'#include "{include}"\n' for include in includes)
        return list(layers.check([*files, Source(f"services/x/src/{name}", lines + text)]))

    def assert_allowed(self, name: str, *includes: str) -> None:
        self.assertEqual(self.check(name, *includes), [])

    def assert_refused(self, name: str, *includes: str) -> None:
        for include in includes:
            with self.subTest(name=name, include=include):
                violations = self.check(name, include)
                self.assertEqual(len(violations), 1)
                self.assertIn(f"services/x/src/{name}:1: ", violations[0])
                self.assertIn(include, violations[0])

    def test_domain_knows_only_itself_and_core(self) -> None:
        self.assert_allowed("domain/b.cpp", "domain/a.hpp", "a.hpp", "tecnochat/core/result.hpp", "vector")
        self.assert_refused("domain/b.cpp", "store/a.hpp", "use_cases/a.hpp", "config.hpp", "tecnochat/kafka/record.hpp")
        self.assert_refused("domain/b.cpp", "nlohmann/json.hpp", "tecnochat/ai/v1/events.pb.h")

    def test_use_cases_know_no_wire(self) -> None:
        self.assert_allowed("use_cases/b.cpp", "domain/a.hpp", "store/a.hpp", "ports.hpp", "tecnochat/outbox/outbox.hpp")
        self.assert_allowed("use_cases/b.cpp", "events/a.hpp")
        self.assert_refused("use_cases/b.cpp", "rpc/a.hpp", "clients/a.hpp", "app.hpp", "config.hpp")
        self.assert_refused("use_cases/b.cpp", "tecnochat/kafka/record.hpp", "tecnochat/ai/v1/events.pb.h")

    def test_a_store_knows_the_domain(self) -> None:
        self.assert_allowed("store/b.cpp", "domain/a.hpp", "a.hpp", "tecnochat/postgres/transaction.hpp")
        self.assert_refused("store/b.cpp", "use_cases/a.hpp", "events/a.hpp", "consumers.hpp")

    def test_adapters_know_use_cases_and_not_each_other(self) -> None:
        for folder in ("rpc", "clients", "http"):
            self.assert_allowed(f"{folder}/b.cpp", "domain/a.hpp", "use_cases/a.hpp")
            self.assert_refused(f"{folder}/b.cpp", "store/a.hpp", "app.hpp", "consumers.hpp", "config.hpp")
        self.assert_refused("rpc/b.cpp", "events/a.hpp", "clients/a.hpp")
        self.assert_allowed("events/b.cpp", "domain/a.hpp")
        self.assert_refused("events/b.cpp", "use_cases/a.hpp", "store/a.hpp", "app.hpp", "config.hpp")

    def test_the_service_of_the_ten_steps_keeps_the_rules(self) -> None:
        root = "tests/skeleton/echo-service/src"
        files = [Source(f"{root}/store/a.hpp", ""), Source(f"{root}/rpc/b.cpp", '#include "store/a.hpp"\n')]
        self.assertEqual(list(layers.check(files)), [f"{root}/rpc/b.cpp:1: rpc does not include store: store/a.hpp"])

    def test_only_the_root_knows_the_root(self) -> None:
        self.assert_allowed("main.cpp", "app.hpp", "config.hpp")
        self.assert_allowed("app.cpp", "app.hpp", "consumers.hpp", "rpc/a.hpp", "store/a.hpp")
        self.assert_refused("consumers.cpp", "app.hpp")

    def test_a_path_that_climbs_is_seen(self) -> None:
        self.assert_refused("domain/b.cpp", "../store/a.hpp", "../../../y/src/domain/a.hpp")

    def test_a_file_outside_the_folders_is_refused(self) -> None:
        for name in ("directory.cpp", "helpers/b.cpp", "app/b.cpp"):
            self.assertIn("belongs to no folder", self.check(name)[0])

    def test_sql_stands_in_the_store(self) -> None:
        sql = 'constexpr auto kOne = R"sql(SELECT 1)sql";\n'
        self.assertEqual(self.check("store/b.cpp", text=sql), [])
        for folder in ("domain", "use_cases"):
            self.assertIn("SQL", self.check(f"{folder}/b.cpp", text=sql)[0])
            self.assertIn("SQL", self.check(f"{folder}/b.cpp", text='f("DELETE FROM turns");')[0])
            self.assertEqual(self.check(f"{folder}/b.cpp", text="// \"DELETE FROM turns\"\n"), [])


class DuplicatesTest(unittest.TestCase):
    LINES = "".join(f"    step_{n}(a, b);\n" for n in range(6))

    def check(self, one: str, other: str, service: str = "y") -> list[str]:
        return list(
            duplicates.check([Source("services/x/src/a.cpp", one), Source(f"services/{service}/src/b.cpp", other)])
        )

    def test_six_lines_in_two_services_are_reported_once(self) -> None:
        expected = ["services/x/src/a.cpp:2: 6 lines or more as in services/y/src/b.cpp:1"]
        self.assertEqual(self.check("first();\n" + self.LINES, self.LINES), expected)
        longer = self.LINES + "    last(a, b);\n"
        self.assertEqual(self.check("first();\n" + longer, longer), expected)

    def test_layout_and_comments_do_not_hide_them(self) -> None:
        spread = self.LINES.replace(";\n", ";  // why\n\n{\n").replace("    ", "\t")
        self.assertEqual(len(self.check(self.LINES, spread)), 1)

    def test_five_lines_one_service_and_frames_are_no_duplicates(self) -> None:
        five = "".join(self.LINES.splitlines(keepends=True)[:5])
        self.assertEqual(self.check(five, five), [])
        self.assertEqual(self.check(self.LINES, self.LINES, service="x"), [])
        frame = '#include "a.hpp"\nusing namespace a;\nnamespace {\n}\npublic:\nreturn ok();\n' * 3
        self.assertEqual(self.check(frame, frame), [])


class TidyTest(unittest.TestCase):
    def test_every_rule_runs(self) -> None:
        command = [sys.executable, str(ROOT / "tests" / "tidy" / "tidy.py")]
        out = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        rules = len(tidy.RULES) + len(tidy.SOURCE_RULES)
        self.assertTrue(out.splitlines()[-1].startswith(f"{rules} rules, "), out)
        self.assertIn(layers.check, tidy.SOURCE_RULES)
        self.assertIn(functions.check, tidy.SOURCE_RULES)
        self.assertIn(duplicates.check, tidy.SOURCE_RULES)


if __name__ == "__main__":
    unittest.main()
