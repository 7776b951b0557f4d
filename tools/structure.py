"""Measure the structure of the code, and fail where a limit of the project is exceeded.

``python tools/structure.py`` prints modules, lines of code and statements of the packages, tools, benchmarks
and pages, circular imports, layers of folders, and definitions that no command, notebook or benchmark
reaches. It reads the source as text and runs none of it. Imports count wherever they stand, in functions and
for types as well.

The limits stand in ``tools/limits.toml``. ``--lower`` sets them to the figures of today where those are
lower. A limit above the lowest one that was ever reached needs an entry in CHANGELOG.md.
"""

import ast
import io
import re
import sys
import tokenize
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import networkx as nx

ROOT = Path(__file__).resolve().parents[1]

PACKAGES = ("networks", "optimiser")

PAGES = {".html", ".js", ".css"}
"""Endings of templates, scripts and styles of the pages."""

APART = "optimiser.verify.second_checker"
"""Says again what another module says, and is counted apart: two checkers agree only if both were written."""

CALLERS = ("polyring.py", "benchmarks", "notebooks", "tools")
"""Places outside the packages from which a definition may be reached; tests are not among them."""

ENTRY_POINTS = ("optimiser.cli.main", "optimiser.engine.worker.main", "optimiser.tasks.worker.main")
"""Functions that are started from outside Python: console script and child processes."""

TASK = re.compile(r"(networks|optimiser)(\.\w+)+:\w+")
"""How a task names its function."""

LIMITS = ROOT / "tools" / "limits.toml"
"""The limits. Of each figure the file states the limit in force and the lowest one that was ever reached."""

RAISE = "Limit raised: {name} from {lowest:,} to {limit:,}: "
"""How an entry of CHANGELOG.md begins that allows a higher limit; what users get for it follows."""
LEAST_REASON = 30
"""Characters of a reason."""


@dataclass
class Module:
    """One source file of the packages.

    Attributes
    ----------
    name
        Dotted name; of a package that of its folder.
    path
        The file.
    tree
        Its syntax tree.
    """

    name: str
    path: Path
    tree: ast.Module
    imports: set[str] = field(default_factory=set)


def modules() -> dict[str, Module]:
    """Return every module of the packages and the front door by its dotted name."""
    found = {}
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    for path in [*paths, *ROOT.glob("polyring.py")]:
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        stub = path.with_suffix(".pyi")  # what a front door exports stands there
        text = (stub if stub.exists() else path).read_text(encoding="utf-8")
        text = re.sub(r"(?m)^from \.(?=\w)", f"from {name}.", re.sub(r"(?m)^from \. ", f"from {name} ", text))
        found[name] = Module(name, path, ast.parse(text))
    for module in found.values():
        module.imports = imported(module.tree, found) - {module.name}
    return found


def imported(tree: ast.AST, known: dict[str, Module]) -> set[str]:
    """Return the modules that a tree imports, wherever the import stands.

    Parameters
    ----------
    tree
        Syntax tree of one module.
    known
        All modules by name; ``from package import name`` is an import of a submodule where there is one.
    """
    places = {place for found in bindings(tree).values() for place in found}
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return (
        {full if (full := ".".join(place)) in known else place[0] for place in places} | plain
    ) & known.keys()


def code_lines(path: Path) -> int:
    """Return the number of lines of a file that hold code: no blank line, comment or docstring."""
    text = path.read_text(encoding="utf-8")
    skip = {
        tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER,
    }  # fmt: skip
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in skip:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        body = getattr(node, "body", None)
        for one in body if isinstance(body, list) else []:
            if isinstance(one, ast.Expr) and isinstance(getattr(one.value, "value", None), str):
                lines.difference_update(range(one.lineno, (one.end_lineno or one.lineno) + 1))
    return len(lines)


def import_graph(known: dict[str, Module], name_of: Callable[[str], str]) -> nx.DiGraph:
    """Return which part of the code imports which other part.

    Parameters
    ----------
    known
        All modules by name.
    name_of
        Gives the part that a module belongs to: itself, or its folder.
    """
    graph = nx.DiGraph()
    for module in known.values():
        mine = name_of(module.name)
        graph.add_node(mine)
        others = {name_of(other) for other in module.imports}
        graph.add_edges_from((mine, other) for other in others - {mine})
    return graph


def circles(graph: nx.DiGraph) -> list[list[str]]:
    """Return the parts that import each other, directly or through others."""
    return sorted(sorted(part) for part in nx.strongly_connected_components(graph) if len(part) > 1)


def layers(graph: nx.DiGraph) -> dict[str, int]:
    """Return the layer of each part: one more than the highest that it imports; a circle is one part."""
    whole = nx.condensation(graph)
    return {
        name: layer
        for layer, parts in enumerate(nx.topological_generations(whole.reverse()), start=1)
        for part in parts
        for name in whole.nodes[part]["members"]
    }


def folder_of(name: str, known: dict[str, Module]) -> str:
    """Return the folder of a module: ``networks``, a folder of ``optimiser``, or a folder of its engine."""
    parts = name.split(".")
    depth = 1 if parts[0] == "networks" else 3 if parts[:2] == ["optimiser", "engine"] else 2
    folder = ".".join(parts[:depth])
    is_package = folder in known and known[folder].path.name == "__init__.py"
    return folder if is_package or len(parts) == 1 else ".".join(parts[: depth - 1])


@dataclass
class Definition:
    """A function, class, method or constant of a module, with what it refers to.

    Attributes
    ----------
    module
        Dotted name of the module.
    name
        Its name, behind that of its class for a method; empty for the top level of the module.
    line
        Where it stands.
    names
        Plain names that it refers to, to be looked up in the module.
    attributes
        Names behind a dot, and words in strings: whatever has such a method may be meant.
    """

    module: str
    name: str
    line: int
    names: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)


def references(*nodes: ast.AST) -> tuple[set[str], set[str]]:
    """Return the plain names and the attribute names that trees refer to."""
    names, attributes = set(), set()
    for node in (inner for outer in nodes for inner in ast.walk(outer)):
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            attributes.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            attributes.add(node.value)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and TASK.fullmatch(node.value):
            names.add(node.value)
        elif isinstance(node, ast.ImportFrom):
            names.update(alias.name for alias in node.names)
    return names, attributes


def definitions(module: Module) -> Iterator[Definition]:
    """Yield what a module defines, and last its top level with what it refers to itself."""
    top: list[ast.AST] = []
    for node in module.tree.body:
        if isinstance(node, ast.FunctionDef):
            yield Definition(module.name, node.name, node.lineno, *references(node))
            marks = [ast.unparse(decorator) for decorator in node.decorator_list]
            if node.name.startswith("__") or any("command" in mark or "callback" in mark for mark in marks):
                top.append(ast.Name(node.name))  # Python or the command line calls it
        elif isinstance(node, ast.ClassDef):
            yield from _class(module, node)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.TypeAlias):
            for name in assigned(node):
                yield Definition(module.name, name, node.lineno, *references(node))
        elif not isinstance(node, ast.Import | ast.ImportFrom):
            top.append(node)
    yield Definition(module.name, "", 0, *references(*top))


def assigned(node: ast.Assign | ast.AnnAssign | ast.TypeAlias) -> list[str]:
    """Return the names that a statement at the top level binds, special ones left out."""
    if isinstance(node, ast.TypeAlias):
        return [node.name.id]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    names = [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
    return [name for name in names if not name.startswith("__")]


def _class(module: Module, node: ast.ClassDef) -> Iterator[Definition]:
    """Yield a class and its methods.

    Special methods, those that notebooks call, and methods with a called decorator (validators, say) belong
    to the class; so do all methods of a class with a base from another library, which may call them.
    """
    own: list[ast.AST] = [*node.bases, *node.decorator_list, *node.keywords]
    bases = {ast.unparse(base).split("[")[0] for base in node.bases}
    # The names that a module imports from other libraries, those of the standard library left out.
    foreign = any("." in base for base in bases) or bases & {
        alias.asname or alias.name
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").split(".")[0] not in {*PACKAGES, *sys.stdlib_module_names}
        for alias in node.names
    }
    for part in node.body:
        if (
            isinstance(part, ast.FunctionDef)
            and not part.name.startswith(("__", "_repr_"))
            and not foreign
            and not any(isinstance(decorator, ast.Call) for decorator in part.decorator_list)
        ):
            yield Definition(module.name, f"{node.name}.{part.name}", part.lineno, *references(part))
        else:
            own.append(part)
    yield Definition(module.name, node.name, node.lineno, *references(*own))


type Bindings = dict[str, set[tuple[str, str]]]
"""For each local name of a module the places in other modules that an import, anywhere in it, binds it to."""


def bindings(tree: ast.AST) -> Bindings:
    """Return what each imported name of a module stands for."""
    found: Bindings = defaultdict(set)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found[alias.asname or alias.name].add((node.module or "", alias.name))
                found[alias.name].add((node.module or "", alias.name))
    return found


def unreached(known: dict[str, Module]) -> list[Definition]:
    """Return the definitions that no entry point, notebook, benchmark, tool or template reaches.

    Plain names are looked up in the module and its imports. What stands behind a dot counts for every method
    of that name, and for every definition of a module that is imported as such.
    """
    every = {(d.module, d.name): d for module in known.values() for d in definitions(module)}
    by_method: dict[str, list[Definition]] = defaultdict(list)
    for definition in every.values():
        by_method[definition.name.rpartition(".")[2]].append(definition)
    imports = {name: bindings(module.tree) for name, module in known.items()}
    queue = [d for d in every.values() if not d.name] + list(_roots(known, imports))
    reached: set[tuple[str, str]] = set()

    def look_up(
        module: str, name: str, seen: frozenset[tuple[str, str]] = frozenset()
    ) -> Iterator[Definition]:
        if TASK.fullmatch(name):
            module, _, name = name.partition(":")
        if (module, name) in every:
            yield every[module, name]
        for place in imports.get(module, {}).get(name, set()) - seen:
            yield from look_up(*place, seen | {place})

    while queue:
        at = queue.pop()
        own = imports.get(at.module, {})
        places = {place for name in at.names for place in own.get(name, ())}
        found = [d for name in at.names for d in look_up(at.module, name)]
        found += [d for name in at.attributes for d in by_method.get(name, []) if "." in d.name]
        for module in {".".join(place) for place in places} & known.keys():
            found += [d for name in at.attributes for d in look_up(module, name)]
        for definition in found:
            if (definition.module, definition.name) not in reached:
                reached.add((definition.module, definition.name))
                queue.append(definition)
    idle = [d for key, d in every.items() if key not in reached and d.name not in ("", "_")]
    return sorted(idle, key=lambda d: (d.module, d.line))


def _roots(known: dict[str, Module], imports: dict[str, Bindings]) -> Iterator[Definition]:
    """Yield what is called from outside: entry points, front doors, and the code beside the packages."""
    for entry in ENTRY_POINTS:
        home, _, name = entry.rpartition(".")
        yield Definition(home, "", 0, {name})
    for module in known.values():
        yield Definition(module.name, "", 0, set(_exported(module)))
    for place in CALLERS:
        for path in _python(ROOT / place):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            imports[str(path)] = bindings(tree)
            yield Definition(str(path), "", 0, *references(tree))
    for page in (ROOT / "optimiser").rglob("*.html"):
        yield Definition("", "", 0, set(), set(re.findall(r"[A-Za-z_]\w*", page.read_text(encoding="utf-8"))))
    texts = (table.read_text(encoding="utf-8") for table in (ROOT / "optimiser").rglob("*.toml"))
    yield Definition("", "", 0, {found[0] for text in texts for found in TASK.finditer(text)})


def _exported(module: Module) -> list[str]:
    """Return what the front doors ``networks``, ``optimiser`` and ``polyring`` export."""
    if module.name not in ("networks", "optimiser", "polyring"):
        return []
    return [
        name
        for node in module.tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        for name in references(node.value)[1]
    ]


def _python(place: Path) -> list[Path]:
    return sorted(place.rglob("*.py")) if place.is_dir() else [place] if place.exists() else []


def figures_of(known: dict[str, Module], layer_of: dict[str, int]) -> dict[str, int]:
    """Return what is limited: sizes of the packages, of the code beside them, and of the pages.

    Parameters
    ----------
    known
        The modules of the packages and the front door.
    layer_of
        Layer of each folder, from 1.
    """
    packages = [module.path for module in known.values() if module.name != APART]
    pages = [path for path in (ROOT / "optimiser").rglob("*") if path.suffix in PAGES]
    lines = (line for path in pages for line in path.read_text(encoding="utf-8").splitlines())
    return {
        "packages: modules": len(packages),
        **_sizes("packages", packages),
        **_sizes("second checker", [module.path for module in known.values() if module.name == APART]),
        "packages: layers": max(layer_of.values()),
        "packages: folders of optimiser": sum(
            path.is_dir() and (path / "__init__.py").exists() for path in (ROOT / "optimiser").iterdir()
        ),
        "packages: modules of run": sum(name.startswith("optimiser.run.") for name in known),
        **_sizes("tools", _python(ROOT / "tools")),
        **_sizes("benchmarks", _python(ROOT / "benchmarks")),
        "pages: lines": sum(bool(line.strip()) for line in lines),
    }


def _sizes(name: str, paths: list[Path]) -> dict[str, int]:
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in paths)
    statements = (isinstance(node, ast.stmt) for tree in trees for node in ast.walk(tree))
    return {f"{name}: lines of code": sum(map(code_lines, paths)), f"{name}: statements": sum(statements)}


def limit_faults(limits: dict[str, dict[str, int]], figures: dict[str, int], changelog: str) -> list[str]:
    """Return where a figure exceeds its limit, and where a limit was raised without an entry.

    Parameters
    ----------
    limits
        `limit` in force and `lowest` one ever reached, by figure.
    figures
        The figures of today.
    changelog
        Text of CHANGELOG.md.
    """
    faults = [f"{name}: no such figure in {LIMITS.name}" for name in figures.keys() ^ limits.keys()]
    for name in sorted(figures.keys() & limits.keys()):
        limit, lowest = limits[name]["limit"], limits[name]["lowest"]
        if figures[name] > limit:
            faults.append(f"{name}: {figures[name]:,}, more than {limit:,}")
        if limit < lowest:
            faults.append(f"{name}: limit {limit:,} is below the lowest, {lowest:,}; write both")
        entry = RAISE.format(name=name, lowest=lowest, limit=limit)
        reason = " ".join(changelog.split()).partition(entry)[2].split(" * ")[0]
        if limit > lowest and len(reason) < LEAST_REASON:
            faults.append(
                f"{name}: {limit:,} is more than {lowest:,}; CHANGELOG.md needs an entry `{entry}...`"
            )
    return faults


def write_limits(limits: dict[str, dict[str, int]], figures: dict[str, int]) -> None:
    """Set each limit to its figure where that is lower, and note the lowest."""
    lines = [line for line in LIMITS.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    for name, value in figures.items():
        old = limits.get(name, {"limit": value, "lowest": value})
        limit, lowest = min(value, old["limit"]), min(value, old["lowest"])
        lines.append(f'"{name}" = {{ limit = {limit}, lowest = {lowest} }}')
    LIMITS.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> int:
    """Print the figures; return 1 when a limit is exceeded."""
    known = modules()
    folders = import_graph(known, lambda name: folder_of(name, known))
    layer_of = layers(folders)
    figures = figures_of(known, layer_of)
    if "--lower" in sys.argv[1:]:
        write_limits(tomllib.loads(LIMITS.read_text(encoding="utf-8")), figures)
    limits = tomllib.loads(LIMITS.read_text(encoding="utf-8"))
    faults = limit_faults(limits, figures, (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    parts = {"circular imports": import_graph(known, str), "folders that import each other": folders}
    faults += [f"{what}: {' '.join(knot)}" for what, graph in parts.items() for knot in circles(graph)]
    faults += [
        f"reached by tests alone: {definition.module}.{definition.name} (line {definition.line})"
        for definition in unreached(known)
    ]
    for name, value in figures.items():
        print(f"{name}: {value:,} (at most {limits.get(name, {}).get('limit', 0):,})")
    for folder, layer in sorted(layer_of.items(), key=lambda item: item[::-1]):
        print(f"  layer {layer:2d}  {folder}")
    print("\n".join(faults) or "no circular imports; every definition is reached")
    return int(bool(faults))


if __name__ == "__main__":
    raise SystemExit(main())
