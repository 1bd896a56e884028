"""The world that this code runs in: who it is, what it may report, and what it owns.

    import world
    world.id, world.verse, world.trit        # changes when this world is branched from another
    world.probability                        # a Fraction, exact
    world.report(cost="3/2")                 # counts only if this execution succeeds
    world.transfer(to, "USD", 100)           # likewise
    world.random.randrange(6)                # another sequence in every branch
    @world.on_branch
    def hello(): ...                         # called in a branch before its first code
"""

import json as _json
import os as _os
import random as _random_module
import sys as _sys
from decimal import Decimal as _Decimal
from fractions import Fraction as _Fraction

__all__ = [
    "InsufficientBalance",
    "SplitMix64",
    "balance",
    "id",
    "on_branch",
    "probability",
    "random",
    "report",
    "seed",
    "tokens",
    "transfer",
    "trit",
    "verse",
]

_U64 = (1 << 64) - 1
_GAMMA = 0x9E3779B97F4A7C15
_GLOBAL_RANDOM_SALT = 0x72616E646F6D


class InsufficientBalance(ValueError):
    """A transfer of more than the world holds."""


def _mix64(value):
    value &= _U64
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _U64
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _U64
    return value ^ (value >> 31)


class SplitMix64(_random_module.Random):
    """The generator of Steele, Lea and Flood (2014): output `i` is `mix64(seed + i * 0x9E3779B97F4A7C15)`.

    Has every method of `random.Random`, and `u64`.
    """

    def seed(self, a=0, version=2):
        self._seed = int(a) & _U64
        self._drawn = 0
        self.gauss_next = None

    def u64(self):
        """The next output, an integer of 64 bits."""
        value = _mix64(self._seed + self._drawn * _GAMMA)
        self._drawn += 1
        return value

    def random(self):
        """The next output as a float in [0, 1): its upper 53 bits."""
        return (self.u64() >> 11) * 2.0**-53

    def getrandbits(self, k):
        if k < 0:
            raise ValueError("number of bits must be non-negative")
        value = 0
        for shift in range(0, k, 64):
            value |= self.u64() << shift
        return value >> (-k % 64)

    def randbytes(self, n):
        return self.getrandbits(n * 8).to_bytes(n, "little")

    def getstate(self):
        return (self._seed, self._drawn, self.gauss_next)

    def setstate(self, state):
        self._seed, self._drawn, self.gauss_next = state


random = SplitMix64(0)
_identity = {"id": None, "verse": "root", "trit": 0, "probability": "1", "seed": 0}
_hooks = []
_ERRORS = {
    "InsufficientBalance": InsufficientBalance,
    "OverflowError": OverflowError,
    "RuntimeError": RuntimeError,
    "ValueError": ValueError,
}


def __getattr__(name):
    try:
        value = _identity[name]
    except KeyError:
        raise AttributeError(f"module 'world' has no attribute {name!r}") from None
    return _Fraction(value) if name == "probability" else value


def __dir__():
    return list(__all__)


def _ask(request):
    """Sends one request to the host and returns its answer."""
    body = _json.dumps(request).encode()
    descriptor = _os.open("/dev/world", _os.O_RDWR)
    try:
        _os.write(descriptor, len(body).to_bytes(4, "little") + body)
        size = int.from_bytes(_os.read(descriptor, 4), "little")
        answer = _json.loads(_os.read(descriptor, size))
    finally:
        _os.close(descriptor)
    if "error" in answer:
        raise _ERRORS.get(answer["error"], RuntimeError)(answer["message"])
    return answer["ok"]


def _exact(value, what):
    """`value` as a Fraction, without rounding."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, _Fraction, _Decimal)):
        raise TypeError(f"{what} must be an int, Fraction, Decimal, float or decimal string")
    try:
        exact = _Fraction(value)
    except (ValueError, OverflowError, ZeroDivisionError):
        raise ValueError(f"{what} must be a finite number, not {value!r}") from None
    return exact


def report(cost=None, value=None):
    """Reports what this world found. Of several reports the last one that was committed counts.

    Both are numbers, taken exactly: an int, Fraction, Decimal, decimal string, or a float, which counts as the binary
    fraction that it is. `cost`, which must not be negative, is what an oracle compares.
    """
    request = {"op": "report"}
    if cost is not None:
        exact = _exact(cost, "cost")
        if exact < 0:
            raise ValueError(f"cost must not be negative, but is {cost!r}")
        request["cost"] = str(exact)
    if value is not None:
        request["value"] = str(_exact(value, "value"))
    if len(request) == 1:
        raise ValueError("report needs a cost or a value")
    _ask(request)


def tokens():
    """Names of the tokens that this world holds, sorted."""
    return sorted(_ask({"op": "tokens"}))


def balance(token):
    """What this world holds of `token`, in base units, less what this execution has transferred."""
    if not isinstance(token, str):
        raise TypeError("token must be a string")
    return int(_ask({"op": "balance", "token": token}))


def transfer(to, token, amount):
    """Gives `amount` base units of `token` to `to`, when this execution succeeds.

    Raises `InsufficientBalance` when the world does not hold that much.
    """
    if not isinstance(to, str) or not isinstance(token, str):
        raise TypeError("to and token must be strings")
    if isinstance(amount, str) and amount.isascii() and amount.isdigit():
        amount = int(amount)
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise TypeError("amount must be a whole number of base units, as an int or its decimal text")
    if amount <= 0:
        raise ValueError(f"amount must be positive, but is {amount}")
    _ask({"op": "transfer", "to": to, "token": token, "amount": str(amount)})


def on_branch(function):
    """Has `function` called, without arguments, whenever this world has become another one. Returns it."""
    if not callable(function):
        raise TypeError("on_branch needs a function")
    _hooks.append(function)
    return function


def _become(fields):
    """Takes another identity. Called by the harness, before the first code of a branch."""
    world_id, verse, trit, probability, seed, common = fields
    _identity.update(id=world_id, verse=verse, trit=int(trit), probability=probability, seed=int(seed))
    if common != "1":
        random.seed(int(seed))
        _random_module.seed(_mix64(int(seed) ^ _GLOBAL_RANDOM_SALT))
    for hook in list(_hooks):
        try:
            hook()
        except Exception as error:
            name = getattr(hook, "__qualname__", repr(hook))
            print(f"world: on_branch hook {name} raised {type(error).__name__}: {error}", file=_sys.stderr)


def _sleep(seconds, /):
    """As `time.sleep`, but moves the world's clock at once."""
    if isinstance(seconds, float):
        if seconds != seconds:
            raise ValueError("Invalid value NaN (not a number)")
        if seconds in (float("inf"), float("-inf")):
            raise OverflowError("timestamp too large to convert to C PyTime_t")
        nanoseconds = -int(-seconds * 1_000_000_000 // 1)
    else:
        nanoseconds = seconds.__index__() * 1_000_000_000
    if nanoseconds < 0:
        raise ValueError("sleep length must be non-negative")
    _ask({"op": "sleep", "ns": str(nanoseconds)})
