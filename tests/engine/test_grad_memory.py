"""The memory of `grad`: a cotangent is freed as soon as it has been pulled back, in a chain of any length."""
import tracemalloc

import numpy as np
import pytest

import tinygan as tg

SIZE, LENGTH = 10_000, 60


def peak(output, inputs):
    """The derivatives, and how many arrays of SIZE numbers `grad` held at once at most, beyond those before."""
    tracemalloc.start()
    try:
        gradients = tg.grad(output, inputs)
        return gradients, tracemalloc.get_traced_memory()[1] / (8 * SIZE)
    finally:
        tracemalloc.stop()


def chain(x, link):
    """The tensors x, link(x), link(link(x)), ..."""
    links = [x]
    for _ in range(LENGTH):
        links.append(link(links[-1]))
    return links


LINKS = {"y a": lambda y: y * 1.01, "tanh y": tg.tanh, "y y - y": lambda y: y * y - y,
         "y + 1 - y": lambda y: (y + 1) - y}


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_a_chain_takes_no_more_memory_than_a_few_links(link):
    x = tg.Tensor(np.linspace(-0.1, 0.1, SIZE), requires_grad=True)
    output = chain(x, link)[-1].sum()
    [gradient], arrays = peak(output, [x])
    assert gradient.shape == (SIZE,)
    assert arrays < 8  # of 60 links, or 120


def test_what_is_asked_for_on_the_way_is_kept_and_nothing_else():
    x = tg.Tensor(np.ones(SIZE), requires_grad=True)
    links = chain(x, lambda y: y * 2.0)
    gradients, arrays = peak(links[-1].sum(), [x, links[20], links[40]])
    for gradient, power in zip(gradients, (60, 40, 20)):
        np.testing.assert_array_equal(gradient.data, np.full(SIZE, 2.0**power))
    assert arrays < 8


def test_branches_that_meet_are_added_and_let_go():
    x = tg.Tensor(np.ones(SIZE), requires_grad=True)
    total = x * 0.0
    for i in range(LENGTH):
        total = total + (x * float(i)) * 0.5
    [gradient], arrays = peak(total.sum(), [x])
    np.testing.assert_array_equal(gradient.data, np.full(SIZE, LENGTH * (LENGTH - 1) / 4))
    assert arrays < 8
