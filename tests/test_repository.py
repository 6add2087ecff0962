"""The repository keeps its own rules: what is pinned, what is explained, what may be imported where."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = ("config", "accounts", "stations", "payments", "booking", "tests")
LOCKS = [ROOT / "requirements.lock", ROOT / "requirements-dev.lock"]
# What a rule may take from Django: the words of a refusal.
WORDS = "django.utils.translation"
# What a document may name by a path from here, or with dots.
PLACES = (
    "accounts",
    "booking",
    "config",
    "docs",
    "payments",
    "scripts",
    "static",
    "stations",
    "templates",
    "tests",
    "vendor",
)


def python_files() -> list[Path]:
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    assert len(files) > 100
    return files


def rules() -> list[str]:
    [contract] = [
        contract
        for contract in PROJECT["tool"]["importlinter"]["contracts"]
        if contract["name"] == "Rules are functions of their arguments"
    ]
    modules: list[str] = contract["source_modules"]
    return modules


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_the_lock_names_no_index_and_no_place_of_one_machine(lock: Path) -> None:
    assert re.findall(r"https?://|file:|--(?:extra-)?index|--find-links|/opt/|/home/", lock.read_text()) == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_locked_package_has_a_version_and_hashes(lock: Path) -> None:
    packages = re.split(r"\n(?=[a-z0-9])", lock.read_text())[1:]

    assert len(packages) > 50
    assert [text for text in packages if not re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==\S+", text)] == []
    assert [text for text in packages if "--hash=sha256:" not in text] == []


def test_the_tools_are_tried_with_the_packages_that_are_run() -> None:
    run, tools = (set(re.findall(r"^\S+==\S+", lock.read_text(), re.MULTILINE)) for lock in LOCKS)

    assert run - tools == set()


def test_every_dependency_says_why() -> None:
    wanted = [
        *PROJECT["project"]["dependencies"],
        *(line for group in PROJECT["dependency-groups"].values() for line in group),
    ]
    lines = (ROOT / "pyproject.toml").read_text().partition("[tool.")[0].splitlines()
    explained = [line for line in lines if re.match(r'    ["{].*,  # \S+', line)]

    assert len(explained) == len(wanted)


def test_every_exception_to_the_linters_says_why() -> None:
    exception = re.compile(r"#\s*(?:noqa|type: ignore)(?P<code>\S*)(?P<rest>.*)$")
    unexplained = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in python_files()
        if path != Path(__file__)
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if (found := exception.search(line)) and not re.search(r"[-#]\s*\w+", found["rest"].replace(found["code"], ""))
    ]

    assert unexplained == []


def test_no_code_catches_every_exception() -> None:
    caught = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}))
    ]

    assert caught == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    names = {"services", "utils", "common", "helpers", "misc", "core"}

    assert [str(path) for path in python_files() if path.stem in names or path.parent.name in names] == []


def test_every_module_says_in_its_first_line_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in python_files()
        if path.read_text().strip()
        and "migrations" not in path.parts
        and not ast.get_docstring(ast.parse(path.read_text()))
    ]

    assert silent == []


def files_of(module: str) -> list[Path]:
    """The files of a module: one, or all of a package."""
    path = ROOT / module.replace(".", "/")
    return sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


def test_rules_take_nothing_from_django_but_words() -> None:
    taken = []
    for rule, path in ((name, path) for name in rules() for path in files_of(name)):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "django":
                taken += [f"{rule}: {node.module}"] if node.module != WORDS else []
            if isinstance(node, ast.Import):
                taken += [f"{rule}: {name.name}" for name in node.names if name.name.startswith("django")]

    assert taken == []


def test_the_architectures_rules_are_all_held_to_it() -> None:
    named = {
        *("stations.states", "stations.geo", "stations.charging"),
        *("payments.money", "payments.states", "payments.splitting"),
        *("booking.states", "booking.line_rules", "booking.pricing"),
    }

    assert named - set(rules()) == set()


def test_every_module_at_the_bottom_of_an_app_is_a_rule() -> None:
    inside = [contract for contract in PROJECT["tool"]["importlinter"]["contracts"] if "containers" in contract]
    bottom = {f"{one['containers'][0]}.{name}" for one in inside for name in re.findall(r"\w+", one["layers"][-1])}

    assert len(inside) == 3
    assert bottom == set(rules())


def documents() -> list[Path]:
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def defined_in(module: Path) -> set[str]:
    """The names that a module has at its top."""
    names: set[str] = set()
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        names |= {name.id for name in ast.walk(node) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)}
    return names


def is_there(dotted: str) -> bool:
    """Whether this is a module of ours, or a name in one."""
    parts = dotted.split(".")
    for count in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:count])
        if path.with_suffix(".py").is_file():
            return count == len(parts) or parts[count] in defined_in(path.with_suffix(".py"))
        if path.is_dir():
            return count == len(parts)
    return False


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.name)
def test_what_the_documents_name_is_there(document: Path) -> None:
    named = re.findall(r"`([\w./*-]+)`", document.read_text())
    ours = [name for name in named if re.split(r"[./]", name)[0] in PLACES and name not in PLACES]
    paths = [name for name in ours if "/" in name and not list(ROOT.glob(name.rstrip("/")))]
    dotted = [name for name in ours if "/" not in name and not is_there(name)]

    assert paths + dotted == []


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this copy has no history to ask")
def test_nothing_is_committed_that_is_made_or_secret() -> None:
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    made = re.compile(
        r"(^|/)(\.env|\.venv|\.local|__pycache__|node_modules|staticfiles)(/|$)|\.(pyc|mo|pem|key|sqlite3)$"
    )

    assert [name for name in files if made.search(name)] == []


@pytest.mark.parametrize("folder", ["journeys", "concurrency"])
def test_what_ci_runs_by_its_folder_has_not_moved_away(folder: str) -> None:
    assert list((ROOT / "tests" / folder).glob("test_*.py")) != []
