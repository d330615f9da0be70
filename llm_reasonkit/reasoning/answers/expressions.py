"""Mathematical expressions: whether two are the same, by their values.

Two expressions that agree at several points are one (identity testing after Schwartz, J. ACM 27,
1980, and Zippel, EUROSAM 1979). Nothing is simplified, so nothing can take forever.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping
from fractions import Fraction

from llm_reasonkit.reasoning.answers.latex import in_line, plain
from llm_reasonkit.reasoning.answers.literals import parsed_expression

Value = Fraction | float

_LONGEST = 200
_MOST_BITS = 2000
# One value a point; variables are told apart by a shift that depends on their name.
_POINTS = (0.7390851332, 1.3247179572, 2.5029078751, -0.5671432904, 4.6692016091)
_CONSTANTS: Mapping[str, float] = {"pi": math.pi, "e": math.e, "π": math.pi}
_FUNCTIONS: Mapping[str, Callable[[float], float]] = {
    "sqrt": math.sqrt, "ln": math.log, "log": math.log, "sin": math.sin, "cos": math.cos,
    "tan": math.tan, "exp": math.exp, "abs": abs, "arctan": math.atan, "arcsin": math.asin,
}  # fmt: skip
_NAMES = "|".join(sorted(_FUNCTIONS, key=len, reverse=True))
_FACTORS = (
    (re.compile(r"√\s*(\d+|\([^()]*\)|[a-z])"), r"sqrt(\1)"),
    (re.compile(rf"(?<![A-Za-z])({_NAMES})\s+([a-zA-Z]|\d+)\b"), r"\1(\2)"),
    (re.compile(r"(?<=\d)\s*(?=[A-Za-zπ(])|(?<=[)π])\s*(?=[\w(])"), "*"),
    (re.compile(rf"\b(?!(?:{_NAMES})\b)([A-Za-z]+)\s*(?=\()"), r"\1*"),
    (re.compile(r"(?<=[A-Za-zπ])\s+(?=[A-Za-zπ(\d])"), "*"),
)
_ALLOWED = re.compile(r"[\w\s+\-*/^().,=π√·×|!]+")
# Beside a digit or sign `xy` is x times y; `and` and `top` are words there too.
_PRODUCT = re.compile(r"(?<![A-Za-z])[abckmnpqrstxyz]{2,3}(?![A-Za-z])")
_HAS_SIGN = re.compile(r"[\d+\-*/^√]")


class Expression:
    """An expression that can be evaluated, with the names of its variables."""

    __slots__ = ("_tree", "key", "variables")

    def __init__(self, tree: ast.expr) -> None:
        self._tree = tree
        self.key = ast.unparse(tree).replace("**", "^")
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        self.variables = frozenset(names - _CONSTANTS.keys() - _FUNCTIONS.keys())

    def at(self, point: float) -> Value | None:
        """Return the value where each variable stands for a number near `point`, None if none."""
        values = {name: point + (ord(name) % 13) / 7 for name in self.variables}
        try:
            return _evaluate(self._tree, values)
        except (ArithmeticError, LookupError, ValueError, TypeError):
            return None

    def constant(self) -> Value | None:
        """Return the value of an expression without variables."""
        return None if self.variables else self.at(0.0)

    def is_same_as(self, other: Expression) -> bool:
        """Tell whether both have the same value wherever both are looked at."""
        if self.variables != other.variables:
            return False
        pairs = [(self.at(point), other.at(point)) for point in _POINTS]
        known = [(a, b) for a, b in pairs if a is not None and b is not None]
        same_domain = all((a is None) == (b is None) for a, b in pairs)
        return same_domain and bool(known) and all(_close(a, b) for a, b in known)


def read_expression(text: str) -> Expression | None:
    """Read a formula in LaTeX or plain notation; None when the text is none.

    Prose is no formula.
    """
    bare = plain(in_line(text)).strip().rstrip(".").replace("·", "*").replace("×", "*")
    if not bare or len(bare) > _LONGEST or not _ALLOWED.fullmatch(bare) or "=" in bare:
        return None
    if _HAS_SIGN.search(bare):
        bare = _PRODUCT.sub(lambda found: _multiplied(found[0]), bare)
    for pattern, to in _FACTORS:
        bare = pattern.sub(to, bare)
    try:
        tree = parsed_expression(bare.replace("^", "**").strip())
    except ValueError:
        return None
    return Expression(tree) if _is_formula(tree) else None


def _multiplied(letters: str) -> str:
    return letters if letters in _FUNCTIONS else "*".join(letters)


def _is_formula(tree: ast.expr) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            known = node.id in _CONSTANTS or node.id in _FUNCTIONS
            if not known and len(node.id) > 1:
                return False
        elif isinstance(node, ast.Constant):
            if type(node.value) not in (int, float):
                return False
        elif not isinstance(node, _NODES):
            return False
    return True


_NODES = (
    ast.BinOp, ast.UnaryOp, ast.Call, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.USub,
    ast.UAdd, ast.Load,
)  # fmt: skip


def _evaluate(node: ast.expr, values: Mapping[str, float]) -> Value:
    match node:
        case ast.Constant(value=value):
            return Fraction(str(value))
        case ast.Name(id=name):
            if name in _CONSTANTS:
                return _CONSTANTS[name]
            return values[name]
        case ast.UnaryOp(op=op, operand=operand):
            inner = _evaluate(operand, values)
            return -inner if isinstance(op, ast.USub) else inner
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            return _applied(name, _evaluate(argument, values))
        case ast.BinOp(left=left, op=op, right=right):
            return _combined(op, _evaluate(left, values), _evaluate(right, values))
    raise ValueError("not a formula")


def _applied(name: str, value: Value) -> Value:
    if name == "sqrt" and isinstance(value, Fraction) and value >= 0:
        above, below = math.isqrt(value.numerator), math.isqrt(value.denominator)
        if above**2 == value.numerator and below**2 == value.denominator:
            return Fraction(above, below)
    return _FUNCTIONS[name](float(value))


def _combined(op: ast.operator, left: Value, right: Value) -> Value:
    if isinstance(op, ast.Pow):
        return _power(left, right)
    if isinstance(left, float) or isinstance(right, float):
        left, right = float(left), float(right)
    if isinstance(op, ast.Add):
        return left + right
    if isinstance(op, ast.Sub):
        return left - right
    if isinstance(op, ast.Mult):
        return left * right
    return left / right


def _power(base: Value, exponent: Value) -> Value:
    if isinstance(base, Fraction) and isinstance(exponent, Fraction) and exponent.denominator == 1:
        size = max(base.numerator.bit_length(), base.denominator.bit_length())
        if abs(exponent) * size > _MOST_BITS:
            raise OverflowError("too large to compare")
        return base ** int(exponent)
    return math.pow(float(base), float(exponent))


def _close(left: Value, right: Value) -> bool:
    return math.isclose(float(left), float(right), rel_tol=1e-9, abs_tol=1e-12)
