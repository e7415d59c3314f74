"""The stack machine of a pickle, whose every operation handles data and calls nothing.

See the documentation of `pickletools` for what each operation does.
"""

from collections.abc import Callable
from typing import Any

from imgan.errors import CheckpointError
from imgan.importing.reading.known import Global
from imgan.importing.reading.known import Placeholder
from imgan.importing.reading.known import build
from imgan.importing.reading.known import refuse_dangerous
from imgan.importing.reading.known import set_state

_MOST_COPIED = 64 << 20
"""Bytes that calls may copy in all: a pickle that does not repeat has no more."""
_ITEM = 64
"""Bytes that an item of a container takes, about."""


class Machine:
    """The stack, the marks and the memo of a pickle."""

    def __init__(self, persistent: Callable[[object], object]) -> None:
        self._persistent = persistent
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}
        self._copied = 0

    def step(self, name: str, argument: Any) -> None:
        """Do one operation, by the name that `pickletools` has for it.

        Raises:
            CheckpointError: If files of tensors do not use it.
            ValueError: If the stack is not as it needs it, or another of the errors
                that indices and types raise.
        """
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
        """Return the one object that is left.

        Raises:
            ValueError: If there are more or none.
        """
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
        self._stack.append(self._made(what, arguments))

    def _new_with_keywords(self, _: Any) -> None:
        self._pop()
        self._reduce(None)

    def _object(self, _: Any) -> None:
        what, *arguments = self._pop_mark()
        self._stack.append(self._made(what, tuple(arguments)))

    def _instance(self, argument: str) -> None:
        arguments = tuple(self._pop_mark())
        self._global(argument)
        self._stack.append(self._made(self._pop(), arguments))

    def _made(self, what: object, arguments: object) -> object:
        """Return what calling a name stands for, within what calls may copy."""
        made = _made(what, arguments)
        if not isinstance(made, Placeholder):
            self._copied += _length(arguments)
        if self._copied > _MOST_COPIED:
            raise CheckpointError(
                "The pickle in the file is larger than any of a network: its calls "
                f"copy {self._copied} bytes"
            )
        return made

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


def _length(arguments: object) -> int:
    """Return how many bytes arguments have that a call may copy, about."""
    if not isinstance(arguments, tuple):
        return 0
    texts = sum(len(item) for item in arguments if isinstance(item, str | bytes))
    containers = (item for item in arguments if isinstance(item, list | tuple | dict))
    return texts + _ITEM * sum(map(len, containers))


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
_OPERATIONS: dict[str, Callable[[Machine, Any], None]] = {
    "MARK": Machine._mark,
    "POP": Machine._drop,
    "POP_MARK": Machine._drop_mark,
    "DUP": Machine._duplicate,
    "PUT": Machine._put,
    "BINPUT": Machine._put,
    "LONG_BINPUT": Machine._put,
    "MEMOIZE": Machine._memoize,
    "GET": Machine._get,
    "BINGET": Machine._get,
    "LONG_BINGET": Machine._get,
    "TUPLE": lambda machine, _: machine._tuple(None),
    "TUPLE1": lambda machine, _: machine._tuple(1),
    "TUPLE2": lambda machine, _: machine._tuple(2),
    "TUPLE3": lambda machine, _: machine._tuple(3),
    "LIST": Machine._list,
    "DICT": Machine._dict,
    "FROZENSET": Machine._frozen_set,
    "APPEND": Machine._append,
    "APPENDS": Machine._appends,
    "SETITEM": Machine._set_item,
    "SETITEMS": Machine._set_items,
    "ADDITEMS": Machine._add_items,
    "GLOBAL": Machine._global,
    "STACK_GLOBAL": Machine._stack_global,
    "REDUCE": Machine._reduce,
    "NEWOBJ": Machine._reduce,
    "NEWOBJ_EX": Machine._new_with_keywords,
    "OBJ": Machine._object,
    "INST": Machine._instance,
    "BUILD": Machine._build,
    "BINPERSID": Machine._persistent_id,
}
