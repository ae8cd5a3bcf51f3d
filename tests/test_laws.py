"""The laws of the house (ARCHITECTURE.md), checked by a machine."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import workbench

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "workbench").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

# Vendor -> the only places that may import it.
HOMES = {
    "mlflow": ["workbench/record/"],
    "openai": ["workbench/client/openai.py", "workbench/client/batch.py"],
    "httpx2": ["workbench/client/"],
    "sentence_transformers": ["workbench/semantic/embed.py"],
    "torch": ["workbench/semantic/embed.py"],
    "altair": ["workbench/view/"],
    "vl_convert": ["workbench/view/"],
    "ipywidgets": ["workbench/view/"],
    "anywidget": ["workbench/view/"],
    "traitlets": ["workbench/view/"],
    "sklearn": ["workbench/offline/"],
    "starlette": ["workbench/offline/"],
    "uvicorn": ["workbench/offline/"],
    "genai_prices": ["workbench/plan/prices.py"],
    "presidio_analyzer": ["workbench/client/guards/presidio.py"],
}

# Heavy packages that `import workbench` must not load.
HEAVY = ["mlflow", "torch", "openai", "altair", "scipy", "statsmodels", "sentence_transformers", "sklearn"]

# Module or function -> why it may be larger than the law allows.
WAIVERS: dict[str, str] = {
    "workbench/core/records.py": "the words of the whole house on one page; most of it is docstrings",
    "workbench/bench/bench.py": "every verb of the journey on one object, handing a result to the next room",
    "workbench/bench/bench.py:plan": "a wide signature, handed over name by name; there is no logic in it",
    "workbench/plan/make.py:make_plan": "likewise: its signature is half of it",
}


def modules() -> Iterator[str]:
    """Every module of the package by its dotted name."""
    for info in pkgutil.walk_packages(workbench.__path__, "workbench."):
        yield info.name


def imports(tree: ast.AST) -> Iterator[str]:
    """Top-level package names imported anywhere in a file, functions included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function that hold code: its docstring, blank and nested-docstring lines not counted."""
    lines: set[int] = set()
    docstrings: set[int] = set()
    for child in ast.walk(node):
        body = getattr(child, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            value = body[0].value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                docstrings.update(range(body[0].lineno, (body[0].end_lineno or body[0].lineno) + 1))
        if hasattr(child, "lineno"):
            lines.add(child.lineno)
            lines.add(child.end_lineno or child.lineno)
    return len(lines - docstrings)


def test_import_direction() -> None:
    """The layers of the design hold, lazily imported modules included."""
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_vendors_stay_at_home(path: Path) -> None:
    """No file imports a vendor outside that vendor's home, not even inside a function."""
    place = path.relative_to(ROOT).as_posix()
    strays = [
        name
        for name in imports(ast.parse(path.read_text()))
        if name in HOMES and not any(place.startswith(home) for home in HOMES[name])
    ]
    assert not strays


def test_analyze_imports_numbers_only() -> None:
    """`analyze` knows numpy, pandas, scipy and statsmodels, and no other vendor."""
    allowed = set(sys.stdlib_module_names) | {"numpy", "pandas", "scipy", "statsmodels", "workbench"}
    for path in (ROOT / "workbench" / "analyze").glob("*.py"):
        assert set(imports(ast.parse(path.read_text()))) <= allowed, path


def test_import_is_light(capsys: pytest.CaptureFixture[str]) -> None:
    """`import workbench` loads no vendor; its time is printed."""
    code = (
        "import sys, time; t = time.perf_counter(); import workbench; s = time.perf_counter() - t;"
        f"print(f'{{s:.2f}}', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    seconds, loaded = done.stdout.split(" ", 1)
    with capsys.disabled():
        print(f"\nimport workbench: {seconds} s")
    assert loaded.strip() == "[]"


def test_facade_is_sorted_and_complete() -> None:
    """`workbench.__all__` is sorted, each name resolves and is documented, and `dir` shows exactly these."""
    names = workbench.__all__
    assert list(names) == sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    assert len(set(names)) == len(names)
    for name in names:
        assert inspect.getdoc(getattr(workbench, name)), name
    assert set(names) <= set(dir(workbench))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_size(path: Path) -> None:
    """A module has at most 300 lines, a function at most 40 lines of code; a waiver has its reason."""
    place = path.relative_to(ROOT).as_posix()
    text = path.read_text()
    if place not in WAIVERS:
        assert text.count("\n") <= 300, f"{place}: {text.count(chr(10))} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and f"{place}:{node.name}" not in WAIVERS:
            assert code_lines(node) <= 40, f"{place}:{node.name} has {code_lines(node)} lines of code"


def test_waivers_are_needed() -> None:
    """Every waiver names something that exists, and says why."""
    for place, reason in WAIVERS.items():
        path, _, function = place.partition(":")
        text = (ROOT / path).read_text()
        assert len(reason) > 20, place
        assert not function or f"def {function}(" in text, place


def test_rooms_say_what_they_take_and_give() -> None:
    """Each package's docstring says what it takes, gives, and never does."""
    for path in (ROOT / "workbench").glob("*/__init__.py"):
        doc = (ast.get_docstring(ast.parse(path.read_text())) or "").lower()
        assert all(word in doc for word in ("take", "give", "never")), path


@pytest.mark.parametrize("name", list(modules()))
def test_public_names_are_documented(name: str) -> None:
    """Every public name of every module, and every public member of a class, has a docstring."""
    module = importlib.import_module(name)
    assert module.__doc__, name
    for public_name in getattr(module, "__all__", []):
        thing = getattr(module, public_name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert inspect.getdoc(thing), f"{name}.{public_name}"
        if inspect.isclass(thing) and thing.__module__ == name:
            for member, value in vars(thing).items():
                if not member.startswith("_") and (inspect.isfunction(value) or isinstance(value, property)):
                    assert inspect.getdoc(getattr(thing, member)), f"{name}.{public_name}.{member}"


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_tests_say_what_they_expect(path: Path) -> None:
    """Every test has a docstring; none patches, none sleeps."""
    text = path.read_text()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            assert ast.get_docstring(node), f"{path.name}:{node.name}"
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert not re.search(r"\bmonkeypatch\.set(attr|item)$|\bmock\.patch|MagicMock$", called), called
            assert called not in ("time.sleep", "sleep"), f"{path.name} sleeps"


def test_no_rooms_without_purpose() -> None:
    """No module is called utils, helpers, common, manager or base_*."""
    for path in SOURCES:
        assert not re.match(r"(utils?|helpers?|common|manager|base_.*)$", path.stem), path
