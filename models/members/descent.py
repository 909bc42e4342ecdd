"""Training of the networks: gradient descent with JAX; the same arguments give the same weights."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import numpy as np
import numpy.typing as npt
import optax

from fraudstream.scoring.members.network_layers import Arrays, Numbers, Weights

Batch = tuple[Arrays, ...]
"""Arrays that each have the rows of a batch."""
Loss = Callable[[dict[str, Arrays], Batch], Arrays]
"""Mean loss over a batch, as a function of a network's weights."""
State = tuple[dict[str, Arrays], Arrays]
"""The weights, and the state of the optimizer."""


@dataclass(frozen=True, slots=True)
class Descent:
    """Options of training with Adam, whose step falls to 0 along a half cosine."""

    epochs: int
    batch: int
    """Rows whose mean gradient makes a step; all rows if there are fewer."""
    learning_rate: float


def descend(
    loss: Loss, start: Weights, rows: tuple[npt.NDArray[Any], ...], descent: Descent, seed: int
) -> dict[str, Numbers]:
    """Return the weights after training from ``start`` on ``rows``, arrays of one length.

    Each epoch takes the rows in a new order, and skips those that do not fill a batch.
    """
    count = len(rows[0])
    batch = min(descent.batch, count)
    optimizer = optax.adam(
        optax.cosine_decay_schedule(descent.learning_rate, descent.epochs * (count // batch))
    )
    weights = {name: jax.numpy.asarray(array) for name, array in start.items()}
    state: State = weights, optimizer.init(weights)
    epoch = jax.jit(partial(_epoch, loss, optimizer))
    on_device = tuple(jax.numpy.asarray(array) for array in rows)
    for order in _orders(count, batch, descent.epochs, seed):
        state = epoch(state, on_device, order)
    return {name: np.asarray(array) for name, array in state[0].items()}


def _orders(count: int, batch: int, epochs: int, seed: int) -> Iterator[npt.NDArray[np.int64]]:
    random = np.random.default_rng(seed)
    steps = count // batch
    for _ in range(epochs):
        yield random.permutation(count)[: steps * batch].reshape(steps, batch)


def _epoch(
    loss: Loss, optimizer: optax.GradientTransformation, state: State, rows: Batch, order: Arrays
) -> State:
    def step(state: State, chosen: Arrays) -> tuple[State, None]:
        weights, moments = state
        gradient = jax.grad(loss)(weights, tuple(array[chosen] for array in rows))
        changes, moments = optimizer.update(gradient, moments, weights)
        return (optax.apply_updates(weights, changes), moments), None

    after: State = jax.lax.scan(step, state, order)[0]
    return after
