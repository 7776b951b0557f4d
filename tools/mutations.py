"""Change a source in small ways, one at a time."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.LtE(),
    ast.LtE: ast.Lt(),
    ast.Gt: ast.GtE(),
    ast.GtE: ast.Gt(),
    ast.Eq: ast.NotEq(),
    ast.NotEq: ast.Eq(),
    ast.In: ast.NotIn(),
    ast.NotIn: ast.In(),
    ast.Is: ast.IsNot(),
    ast.IsNot: ast.Is(),
}


OPERATORS: dict[type[ast.operator], ast.operator] = {
    ast.Add: ast.Sub(),
    ast.Sub: ast.Add(),
    ast.Mult: ast.FloorDiv(),
    ast.Div: ast.Mult(),
    ast.FloorDiv: ast.Mult(),
    ast.Mod: ast.FloorDiv(),
    ast.BitAnd: ast.BitOr(),
    ast.BitOr: ast.BitAnd(),
}


NAMES = {
    "min": "max",
    "max": "min",
    "minimum": "maximum",
    "maximum": "minimum",
    "argmin": "argmax",
    "argmax": "argmin",
    "any": "all",
    "all": "any",
}
"""Functions and methods that take the same arguments."""


PLAIN_TESTS = (ast.Compare, ast.BoolOp, ast.Constant, ast.UnaryOp)
"""Conditions that other changes negate already, or that are constant."""


UNJUDGED = {"annotation", "returns", "decorator_list", "type_params", "bases"}
"""Parts of definitions that hold types and decorators."""


@dataclass(frozen=True)
class Mutant:
    """One change of one place.

    Attributes
    ----------
    path
        The source, relative to the checkout.
    function
        Qualified name of the function or class around it; empty at the top of a module.
    line, column
        Where it begins; from 1.
    before, after
        Source text of the place, and what takes its place.
    start, end
        The place in the UTF-8 bytes of the source.
    is_in_function
        Whether it runs at recorded calls of the function alone: not when the module is imported, and not as
        machine code.
    """

    path: str
    function: str
    line: int
    column: int
    before: str
    after: str
    start: int
    end: int
    is_in_function: bool

    def __str__(self) -> str:
        """Return the place and the change in one line."""
        before, after = (re.sub(r"\s+", " ", text) for text in (self.before, self.after))
        return f"{self.path}:{self.line}:{self.column} {self.function or '(module)'}: {before} -> {after}"

    def applied(self, source: bytes) -> bytes:
        """Return the source with the change."""
        return source[: self.start] + self.after.encode() + source[self.end :]


type Change = Callable[[ast.expr], Iterable[str]]


def mutants_of(path: str, text: str, more: Change = lambda _node: ()) -> list[Mutant]:
    """Return every mutant of a source.

    Types, decorators, formatted text and what is inside a `raise` are left alone: readers judge messages.

    Parameters
    ----------
    path
        Name of the source in what is returned.
    text
        Its text.
    more
        Returns further texts that may take the place of an expression.
    """
    lines = [0]
    for line in text.encode().split(b"\n"):
        lines.append(lines[-1] + len(line) + 1)
    source, found = text.encode(), []
    for node, function, after, is_in_function in _changes(ast.parse(text), "", more, in_function=False):
        start = lines[node.lineno - 1] + node.col_offset
        end = lines[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        before = source[start:end].decode()
        place = path, function, node.lineno, node.col_offset + 1
        found.append(Mutant(*place, before, after, start, end, is_in_function))
    return sorted(set(found), key=lambda mutant: (mutant.start, mutant.end, mutant.after))


def _changes(
    tree: ast.AST, function: str, more: Change, *, in_function: bool
) -> Iterator[tuple[ast.expr | ast.stmt, str, str, bool]]:
    """Yield each place below a node, the function around it, its new text, and whether it is in that."""
    for child in _judged(tree):
        inner, inside = function, in_function
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            inner = f"{function}.{child.name}" if function else child.name
            # A kernel may run as machine code, so that its calls are not recorded.
            marks = map(ast.unparse, child.decorator_list)
            inside = isinstance(child, ast.FunctionDef) and not any(m.startswith("compiled") for m in marks)
        if isinstance(child, ast.stmt) and _can_be_left_out(child):
            yield child, function, "pass", in_function
        if isinstance(child, ast.expr):
            for after in (*_replacements(child), *more(child)):
                yield child, function, f"({after})", in_function
        if isinstance(child, ast.If | ast.IfExp | ast.While) and not isinstance(child.test, PLAIN_TESTS):
            yield child.test, function, f"(not ({ast.unparse(child.test)}))", in_function
        if not isinstance(child, ast.Raise):
            yield from _changes(child, inner, more, in_function=inside)


def _judged(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the children of a node whose change may matter."""
    if isinstance(tree, ast.TypeAlias | ast.JoinedStr) or (
        isinstance(tree, ast.keyword) and tree.arg == "strict"
    ):
        return
    for name, value in ast.iter_fields(tree):
        if name not in UNJUDGED:
            yield from (
                one for one in (value if isinstance(value, list) else [value]) if isinstance(one, ast.AST)
            )


def _can_be_left_out(statement: ast.stmt) -> bool:
    """Return whether a statement acts on what is there: a row that is added, a sum, a refusal."""
    if isinstance(statement, ast.Expr):
        return not isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.Assign):
        return all(isinstance(target, ast.Subscript | ast.Attribute) for target in statement.targets)
    return isinstance(statement, ast.AugAssign | ast.Raise | ast.Continue)


def _replacements(node: ast.expr) -> Iterator[str]:  # noqa: C901 - one case a kind of node
    """Yield what may take the place of an expression."""
    match node:
        case ast.Compare(left, ops, comparators):
            for at, op in enumerate(ops):
                if type(op) in COMPARISONS:
                    changed = [*ops[:at], COMPARISONS[type(op)], *ops[at + 1 :]]
                    yield ast.unparse(ast.Compare(left, changed, comparators))
        case ast.BoolOp(op, values):
            yield ast.unparse(ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values))
        case ast.BinOp(left, op, right) if type(op) in OPERATORS and not (_is_text(left) or _is_text(right)):
            yield ast.unparse(ast.BinOp(left, OPERATORS[type(op)], right))
        case ast.UnaryOp(ast.Not() | ast.Invert() | ast.USub(), operand):
            yield ast.unparse(operand)
        case ast.Constant(int() as value) if not isinstance(value, bool):
            yield str(value + 1)
            if value:
                yield str(value - 1)
        case ast.Constant(float() as value):
            yield repr(2 * value if value else 1.0)
        case ast.Constant(bool() as value):
            yield str(not value)
        case ast.Name(name) if name in NAMES:
            yield NAMES[name]
        case ast.Attribute(value, name) if name in NAMES:
            yield f"{ast.unparse(value)}.{NAMES[name]}"


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
