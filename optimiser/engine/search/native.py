"""Compile kernels and the records that they take with numba, and keep the machine code on disk.

`compiled` imports this module, and with it numba, when kernels are compiled for the first time.
"""

import functools
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, SimpleNamespace
from typing import Any, cast, get_type_hints

import numba
import numpy as np
from numba.core import caching, codegen, compiler, event, types
from numba.experimental import structref
from numba.extending import typeof_impl

_NJIT = cast("Any", numba.njit)  # its annotations leave out the options for wrappers

CONSTANTS = (bool, int, float, str, tuple, np.generic)
"""Types of global values that kernels read."""


def let_kernels_call(kernel: type) -> None:
    """Let numba know what a call of a kernel by another one means.

    Parameters
    ----------
    kernel
        The class of kernels, `compiled.Kernel`.
    """
    typeof_impl.register(kernel)(lambda value, _context: types.Dispatcher(value.dispatcher))


def dispatcher(kernel: Any) -> Any:  # noqa: ANN401 - numba's dispatchers have no public type
    """Return what compiles a kernel for the types of its arguments and calls it.

    Parameters
    ----------
    kernel
        The kernel, of class `compiled.Kernel`.
    """
    pipeline = {} if kernel.entry else {"no_cpython_wrapper": True, "pipeline_class": _InnerCompiler}
    compile_kernel = _NJIT(nogil=True, no_cfunc_wrapper=True, **pipeline)
    return _kept(compile_kernel(kernel.function), _digest(kernel, set()))


def pack(record: type, values: tuple[Any, ...]) -> object:
    """Return a record of values in the form that machine code takes.

    Parameters
    ----------
    record
        Its class, a subclass of `compiled.Record`.
    values
        Its fields in order; records among them are packed.
    """
    return _packer(record)(values)


@functools.cache
def _packer(record: Any) -> Callable[[tuple[Any, ...]], object]:  # noqa: ANN401 - attributes are set
    """Return the compiled constructor of a class of records.

    The type is an attribute of its class, so that machine code on disk finds it again by that name.
    """
    names = {"__module__": record.__module__, "__qualname__": f"{record.__qualname__}.Type"}
    record.Type = type("Type", (types.StructRef,), names)
    names = {"__module__": record.__module__, "__qualname__": f"{record.__qualname__}.Proxy"}
    record.Proxy = proxy = type("Proxy", (structref.StructRefProxy,), names)
    structref.register(record.Type)  # type: ignore[no-untyped-call] # numba does not say
    structref.define_proxy(proxy, record.Type, list(record.fields))  # type: ignore[no-untyped-call] # numba does not say

    def pack_fields(values: tuple[Any, ...]) -> object:
        return proxy(*values)

    # The name of the file on disk: under one name, each class would remove the machine code of the others.
    pack_fields.__qualname__ = f"pack_{record.__qualname__}"
    made = _NJIT(nogil=True, no_cfunc_wrapper=True)(pack_fields)
    shape = f"{record.__module__}.{record.__qualname__}{get_type_hints(record)}"  # with their places
    kept: Callable[[tuple[Any, ...]], object] = _kept(made, hashlib.sha256(shape.encode()).hexdigest())
    return kept


class _InnerLibrary(cast("Any", codegen).JITCodeLibrary):  # type: ignore[misc] # numba is not typed
    """Code of a kernel that only kernels call: it is linked into theirs, and optimised and emitted there.

    Numba would do both here as well, a quarter of all the time that a solve takes to compile.
    """

    @property
    def codegen(self) -> Any:  # noqa: ANN401 - numba sets the environment of a function by it: none is emitted
        """What takes the place of the code generator when the entry of the function is asked for."""
        return SimpleNamespace(set_env=lambda _name, _environment: None)

    def get_pointer_to_function(self, _name: str) -> int:
        """Return that no entry was emitted."""
        return 0

    def serialize_using_object_code(self) -> object:
        """Return what is kept on disk, without object code."""
        return self.serialize_using_bitcode()

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


class _InnerCompiler(cast("Any", compiler).CompilerBase):  # type: ignore[misc] # numba is not typed
    """Numba's compiler with an `_InnerLibrary`."""

    def define_pipelines(self) -> list[object]:
        """Return numba's own passes."""
        state = self.state
        state.library = _InnerLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        return [compiler.DefaultPassBuilder.define_nopython_pipeline(state)]  # type: ignore[no-untyped-call] # numba does not say


@contextmanager
def watch_compilation() -> Iterator[Callable[[], bool]]:
    """Give a function that returns whether anything was compiled since the block began."""
    with event.install_recorder("numba:compile") as recorder:
        yield lambda: bool(recorder.buffer)


class _CodeCache(cast("Any", caching).FunctionCache):  # type: ignore[misc] # numba is not typed
    """The machine code of one function on disk, under a digest of the function and of all that it calls.

    Numba's own cache goes by the time of the file that holds the function, and would run stale code of a
    function in another file.
    """

    def __init__(self, function: Callable[..., Any], digest: str) -> None:
        super().__init__(function)
        self._base = self._impl.filename_base
        self._digest = digest[:16]
        base = f"{self._base}-{self._digest}"
        self._cache_file = cast("Any", caching).IndexDataCacheFile(self.cache_path, base, digest)

    def save_overload(self, sig: object, data: object) -> None:
        """Keep machine code, and remove that of other versions of the function."""
        for path in Path(self.cache_path).glob(f"{self._base}-*"):
            if not path.name.startswith(f"{self._base}-{self._digest}"):
                path.unlink(missing_ok=True)
        super().save_overload(sig, data)


def _kept(found: Any, digest: str) -> Any:  # noqa: ANN401 - numba's dispatchers have no public type
    """Let a dispatcher keep its machine code beside the source, else in the user's cache folder, else not."""
    try:
        found._cache = _CodeCache(found.py_func, digest)  # noqa: SLF001 - there is no public way
    except RuntimeError:
        return found
    return found


def _digest(kernel: Any, seen: set[Any]) -> str:  # noqa: ANN401 - a kernel
    """Return a digest of a kernel, of the constants it reads and of the kernels it calls."""
    seen.add(kernel)
    function, found = kernel.function, hashlib.sha256()
    for code in _codes(function.__code__):
        consts = [const for const in code.co_consts if not isinstance(const, CodeType)]
        found.update(repr((code.co_code, code.co_names, code.co_varnames, consts)).encode())
        for name in code.co_names:
            value = function.__globals__.get(name)
            if hasattr(type(value), "dispatcher"):
                found.update((name if value in seen else _digest(value, seen)).encode())
            elif isinstance(value, CONSTANTS):
                found.update(repr(value).encode())
    return found.hexdigest()


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Yield the code of a function and of the functions in it."""
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from _codes(const)
