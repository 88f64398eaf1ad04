"""Change a formula in one place: every sign, factor, index, transpose, axis, bound and step."""

import ast

SWAPPED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
           ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
           ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}  # fmt: skip
NAMES = {"sum": "mean", "mean": "sum", "max": "min", "min": "max", "argmax": "argmin",
         "maximum": "minimum", "minimum": "maximum", "zeros": "ones", "ones": "zeros",
         "exp": "expm1", "sqrt": "square", "sigmoid_prime": "sigmoid", "tanh_prime": "tanh",
         "sigmoid": "tanh", "tanh": "sigmoid"}  # fmt: skip


def mutants(source):
    """Yield (description, source of a mutant), one change each; a docstring is left alone."""
    for place, kind in enumerate(map(type, ast.walk(ast.parse(source)))):
        for change in CHANGES.get(kind, ()):
            mutant = ast.parse(source)
            node = list(ast.walk(mutant))[place]
            before = ast.unparse(node)
            if change(node, mutant):
                line = source.splitlines()[node.lineno - 1].strip()
                what = change.__name__.replace("_", " ")
                yield f"{what} {before[:40]!r} in {line!r}", ast.unparse(mutant)


def swap_operator(node, tree):
    op = getattr(node, "op", None) or (getattr(node, "ops", None) or [None])[0]
    if type(op) not in SWAPPED or isinstance(node, ast.Compare) and len(node.ops) > 1:
        return False
    new = SWAPPED[type(op)]()
    if isinstance(node, ast.Compare):
        node.ops = [new]
    else:
        node.op = new
    return True


def keep_left(node, tree):
    return _replace(tree, node, node.left) if _is_product(node) else False


def keep_right(node, tree):
    return _replace(tree, node, node.right) if _is_product(node) else False


def turn_product(node, tree):
    if not isinstance(node.op, ast.MatMult):
        return False
    node.left, node.right = node.right, node.left
    return True


def drop_minus(node, tree):
    return _replace(tree, node, node.operand) if isinstance(node.op, ast.USub) else False


def drop_transpose(node, tree):
    return _replace(tree, node, node.value) if node.attr == "T" else False


def move_constant(node, tree):
    number = type(node.value) in (int, float)
    if number:
        node.value = 1 - node.value if node.value in (0, 1) else node.value * 2
    return number


def turn_index(node, tree):
    pair = isinstance(node.slice, ast.Tuple)
    if pair:
        node.slice.elts.reverse()
    return pair


def change_name(node, tree):
    for field in ("attr", "id"):
        if getattr(node, field, None) in NAMES:
            setattr(node, field, NAMES[getattr(node, field)])
            return True
    return False


def overwrite(node, tree):
    return _replace(tree, node, ast.Assign([node.target], node.value, lineno=node.lineno))


def leave_out(node, tree):
    return _replace(tree, node, ast.Pass(lineno=node.lineno))


CHANGES = {
    ast.BinOp: (swap_operator, keep_left, keep_right, turn_product),
    ast.Compare: (swap_operator,),
    ast.AugAssign: (swap_operator, overwrite, leave_out),
    ast.Assign: (leave_out,),
    ast.UnaryOp: (drop_minus,),
    ast.Attribute: (drop_transpose, change_name),
    ast.Name: (change_name,),
    ast.Constant: (move_constant,),
    ast.Subscript: (turn_index,),
}


def _is_product(node):
    return isinstance(node.op, (ast.Mult, ast.Div))


def _replace(tree, old, new):
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
                return True
            if isinstance(value, list) and any(item is old for item in value):
                setattr(parent, field, [new if item is old else item for item in value])
                return True
    return False
