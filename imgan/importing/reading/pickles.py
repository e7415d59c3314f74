"""Pickles as data: a machine that knows containers and tensors, and calls nothing.

Python's unpickler imports what a file names and calls it. This one has no way to:
every name of a file stays a `Global`, and what would be made by calling one is a
`Placeholder` that remembers the name, unless `known.py` has a builder for it. So the
state of optimizers or the options of a training beside the weights do not hinder, and a
whole network as a Python object is told by its class.
"""

import pickletools
from collections.abc import Callable
from typing import Any
from typing import Protocol

from imgan.errors import CheckpointError
from imgan.importing.reading.known import Global
from imgan.importing.reading.known import Placeholder
from imgan.importing.reading.known import build
from imgan.importing.reading.known import refuse_dangerous
from imgan.importing.reading.known import set_state
from imgan.importing.reading.source import AGAIN

MOST_PICKLE_BYTES = 64 << 20
"""Of the pickle alone; the numbers of the tensors lie elsewhere."""
MOST_OPERATIONS = 2_000_000
"""A training checkpoint of 1,000 tensors and their moments has some 200,000."""

_DAMAGE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


class Readable(Protocol):
    """What parsing needs of a file."""

    def read(self, length: int, /) -> bytes:
        """Return up to `length` bytes."""

    def readline(self) -> bytes:
        """Return a line."""

    def tell(self) -> int:
        """Return the position."""


def read_pickle(file: Readable, persistent: Callable[[object], object]) -> object:
    """Read one pickle, and leave the file after it.

    Args:
        file: At the start of the pickle.
        persistent: Returns what a persistent id of the file stands for.

    Returns:
        Plain containers and numbers, `LazyTensor`, `Global` and `Placeholder`.

    Raises:
        CheckpointError: If it is damaged, too large, or names something dangerous.
    """
    machine = _Machine(persistent)
    start, count, position = file.tell(), 0, 0
    try:
        for operation, argument, position_ in pickletools.genops(file):  # type: ignore[arg-type]
            position = position_ or 0
            count += 1
            if count > MOST_OPERATIONS or position - start > MOST_PICKLE_BYTES:
                raise CheckpointError(
                    "The pickle in the file is larger than any of a network: read "
                    f"{count} operations in {position - start} bytes"
                )
            machine.step(operation.name, argument)
        return machine.result()
    except _DAMAGE as error:
        raise CheckpointError(
            f"The pickle in the file is damaged near byte {position}. {AGAIN}"
        ) from error


def no_persistent(identity: object) -> object:
    """Refuse persistent ids, where there can be none."""
    raise CheckpointError("The file refers to a storage where none is expected")


class _Machine:
    """The stack, the marks and the memo of a pickle."""

    def __init__(self, persistent: Callable[[object], object]) -> None:
        self._persistent = persistent
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        if name in _PUSHES:
            self._stack.append(argument)
        elif name in _CONSTANTS:
            self._stack.append(_CONSTANTS[name]())
        elif name in _OPERATIONS:
            _OPERATIONS[name](self, argument)
        elif name not in _IGNORED:
            raise CheckpointError(
                f"The pickle in the file uses {name}, which files of tensors do not"
            )

    def result(self) -> object:
        if len(self._stack) != 1:
            raise ValueError("more or less than one object")
        return self._stack[0]

    def _pop(self) -> Any:
        if self._marks and self._marks[-1] == len(self._stack):
            raise ValueError("a mark where an object is expected")
        return self._stack.pop()

    def _pop_mark(self) -> list[Any]:
        start = self._marks.pop()
        items = self._stack[start:]
        del self._stack[start:]
        return items

    def _mark(self, _: Any) -> None:
        self._marks.append(len(self._stack))

    def _drop(self, _: Any) -> None:
        if self._marks and self._marks[-1] == len(self._stack):
            self._marks.pop()
        else:
            self._stack.pop()

    def _drop_mark(self, _: Any) -> None:
        self._pop_mark()

    def _duplicate(self, _: Any) -> None:
        self._stack.append(self._stack[-1])

    def _put(self, argument: Any) -> None:
        self._memo[int(argument)] = self._stack[-1]

    def _memoize(self, _: Any) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def _get(self, argument: Any) -> None:
        self._stack.append(self._memo[int(argument)])

    def _tuple(self, length: int | None) -> None:
        if length is None:
            self._stack.append(tuple(self._pop_mark()))
            return
        items = [self._pop() for _ in range(length)]
        self._stack.append(tuple(items[::-1]))

    def _list(self, _: Any) -> None:
        self._stack.append(self._pop_mark())

    def _dict(self, _: Any) -> None:
        items = self._pop_mark()
        made: dict[Any, Any] = {}
        self._stack.append(made)
        _set_items(made, items)

    def _frozen_set(self, _: Any) -> None:
        self._pop_mark()
        self._stack.append(Placeholder("builtins.frozenset"))

    def _append(self, _: Any) -> None:
        self._extend([self._pop()])

    def _appends(self, _: Any) -> None:
        self._extend(self._pop_mark())

    def _extend(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if isinstance(target, list):
            target.extend(items)
        elif not isinstance(target, Placeholder):
            raise ValueError("items for what is no list")

    def _set_item(self, _: Any) -> None:
        value, key = self._pop(), self._pop()
        _set_items(self._stack[-1], [key, value])

    def _set_items(self, _: Any) -> None:
        items = self._pop_mark()
        _set_items(self._stack[-1], items)

    def _add_items(self, _: Any) -> None:
        self._extend(self._pop_mark())

    def _global(self, argument: str) -> None:
        module, name = argument.split(" ", 1)
        self._push_global(module, name)

    def _stack_global(self, _: Any) -> None:
        name, module = self._pop(), self._pop()
        self._push_global(module, name)

    def _push_global(self, module: Any, name: Any) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise ValueError("a name that is no text")
        refuse_dangerous(module, name)
        self._stack.append(Global(module, name))

    def _reduce(self, _: Any) -> None:
        arguments, what = self._pop(), self._pop()
        self._stack.append(_made(what, arguments))

    def _new_with_keywords(self, _: Any) -> None:
        self._pop()
        self._reduce(None)

    def _object(self, _: Any) -> None:
        what, *arguments = self._pop_mark()
        self._stack.append(_made(what, tuple(arguments)))

    def _instance(self, argument: str) -> None:
        arguments = tuple(self._pop_mark())
        self._global(argument)
        self._stack.append(_made(self._pop(), arguments))

    def _build(self, _: Any) -> None:
        state = self._pop()
        set_state(self._stack[-1], state)

    def _persistent_id(self, _: Any) -> None:
        self._stack.append(self._persistent(self._pop()))


def _made(what: object, arguments: object) -> object:
    """Return what calling a name of the file stands for; nothing is called."""
    if not isinstance(arguments, tuple):
        raise ValueError("arguments that are no tuple")
    if isinstance(what, Global):
        return build(what, arguments)
    if isinstance(what, Placeholder):
        return what
    raise ValueError("a call of what is no name")


def _set_items(target: object, items: list[Any]) -> None:
    if isinstance(target, Placeholder):
        return
    if not isinstance(target, dict) or len(items) % 2:
        raise ValueError("pairs for what is no dict")
    for key, value in zip(items[::2], items[1::2], strict=True):
        # Hashing nested tuples can take for ever; no network is named by one.
        plain = isinstance(key, str | int | float | None)
        target[key if plain else Placeholder(type(key).__name__)] = value


_NUMBERS_AND_TEXTS = """
    INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING
    SHORT_BINSTRING UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8 BINBYTES
    SHORT_BINBYTES BINBYTES8 BYTEARRAY8
"""
_PUSHES = frozenset(_NUMBERS_AND_TEXTS.split())
_IGNORED = frozenset(("PROTO", "FRAME", "STOP"))
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_SET": lambda: Placeholder("builtins.set"),
}
_OPERATIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "MARK": _Machine._mark,
    "POP": _Machine._drop,
    "POP_MARK": _Machine._drop_mark,
    "DUP": _Machine._duplicate,
    "PUT": _Machine._put,
    "BINPUT": _Machine._put,
    "LONG_BINPUT": _Machine._put,
    "MEMOIZE": _Machine._memoize,
    "GET": _Machine._get,
    "BINGET": _Machine._get,
    "LONG_BINGET": _Machine._get,
    "TUPLE": lambda machine, _: machine._tuple(None),
    "TUPLE1": lambda machine, _: machine._tuple(1),
    "TUPLE2": lambda machine, _: machine._tuple(2),
    "TUPLE3": lambda machine, _: machine._tuple(3),
    "LIST": _Machine._list,
    "DICT": _Machine._dict,
    "FROZENSET": _Machine._frozen_set,
    "APPEND": _Machine._append,
    "APPENDS": _Machine._appends,
    "SETITEM": _Machine._set_item,
    "SETITEMS": _Machine._set_items,
    "ADDITEMS": _Machine._add_items,
    "GLOBAL": _Machine._global,
    "STACK_GLOBAL": _Machine._stack_global,
    "REDUCE": _Machine._reduce,
    "NEWOBJ": _Machine._reduce,
    "NEWOBJ_EX": _Machine._new_with_keywords,
    "OBJ": _Machine._object,
    "INST": _Machine._instance,
    "BUILD": _Machine._build,
    "BINPERSID": _Machine._persistent_id,
}
