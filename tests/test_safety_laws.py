"""Safe by default, as laws: what no file of the workbench may do, looked for in its syntax."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "workbench").rglob("*.py"))
SCRIPTS = sorted((ROOT / "workbench").rglob("*.js"))

# Modules that turn bytes into objects of any class, or that run whatever stands in a text.
UNPICKLING = {
    "pickle",
    "cPickle",
    "_pickle",
    "dill",
    "cloudpickle",
    "joblib",
    "shelve",
    "marshal",
    "jsonpickle",
}

# Calls, by the end of their dotted name, and why none is made.
CALLS = {
    r"^(eval|exec|compile|__import__)$": "runs a text",
    r"\byaml\.((full_|unsafe_)?load(_all)?)$": "makes objects of any class",
    r"\byaml\.(Loader|FullLoader|UnsafeLoader)$": "makes objects of any class",
    r"\bos\.(system|popen)$": "runs a shell",
    r"\b(read_pickle|to_pickle|torch\.load)$": "unpickles",
    r"\btempfile\.mktemp$": "gives a name that another can take",
    r"\bwidgets\.HTML(Math)?$|^HTML$": "shows a text as markup",
    r"\bMarkup$|\bmark_safe$": "takes a text for markup",
    r"\b_create_unverified_context$": "trusts any server",
}
ARGUMENTS = {
    ("shell", True): "runs a shell",
    ("verify", False): "trusts any server",
    ("follow_redirects", True): "sends a key elsewhere",
    ("allow_redirects", True): "sends a key elsewhere",
    ("allow_pickle", True): "unpickles",
    ("weights_only", False): "unpickles",
    ("trust_remote_code", True): "runs a text that came with a model",
}
SCRIPT = (
    r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|srcdoc|import\(|fetch\()"
)


def offences(tree: ast.AST) -> Iterator[str]:
    """Yield what a file does that none may do, with its line."""
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in (*module, *(alias.name for alias in node.names)):
                if name.split(".")[0] in UNPICKLING:
                    yield f"line {line}: imports {name}"
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        yield from (f"line {line}: {called} {why}" for name, why in CALLS.items() if re.search(name, called))
        for argument in node.keywords:
            value = argument.value.value if isinstance(argument.value, ast.Constant) else None
            for (name, wrong), why in ARGUMENTS.items():
                if argument.arg == name and value is wrong:
                    yield f"line {line}: {name}={wrong} {why}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_unpickled_or_run(path: Path) -> None:
    """No file unpickles, runs a text or a shell, follows redirects, or shows text as markup."""
    assert list(offences(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from joblib import load",
        "import numpy, dill as d",
        "yaml.load(x, Loader=yaml.SafeLoader)",
        "eval('1')",
        "subprocess.run(x, shell=True)",
        "httpx2.Client(follow_redirects=True)",
        "numpy.load(x, allow_pickle=True)",
        "ipywidgets.widgets.HTML(text)",
        "torch.load(x)",
    ],
)
def test_the_law_sees_it(text: str) -> None:
    """Each of these would be found."""
    assert list(offences(ast.parse(text)))


def test_yaml_is_safe() -> None:
    """YAML is read by one file, through SafeLoader, and written through a SafeDumper."""
    homes = [
        path for path in SOURCES if re.search(r"^\s*(import|from) yaml\b", path.read_text(), re.MULTILINE)
    ]
    loading = [path.name for path in homes if "Loader" in path.read_text()]
    assert loading == ["study_yaml.py"]
    for path in homes:
        used = set(re.findall(r"yaml\.(\w*(?:Loader|Dumper)\w*)", path.read_text()))
        assert used <= {"SafeLoader", "SafeDumper"}, path


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_make_no_markup_of_text(path: Path) -> None:
    """The page's scripts set text only, run no text and fetch nothing."""
    assert not re.search(SCRIPT, path.read_text())


def test_the_command_line_prints_through_one_place() -> None:
    """No command prints but through `cli/echo.py`, which takes secrets out; nothing else prints at all."""
    for path in SOURCES:
        called = {
            ast.unparse(node.func)
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call)
        }
        if path.name != "echo.py":
            assert not called & {"click.echo", "click.secho", "print", "rich.print"}, path


def test_the_workbench_itself_logs_nothing() -> None:
    """No file writes to a log: what vendors log of a request goes through a filter (`client/logs.py`)."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert not re.match(
                    r"(logging|logger|log|_log)\.(debug|info|warning|error|exception|log)$", called
                ), path
