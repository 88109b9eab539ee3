"""The workloads of the benchmark in JAX, compiled as one function a step, with Adam written out."""
import os

import numpy as np

RATE, BETA_1, BETA_2, EPS = 2e-4, 0.5, 0.999, 1e-8


def jax_net(net):
    """The Sequential `net` as a function (parameters, x) on channels-last images, and its parameters.

    The running statistics of batch normalisation, a few hundred numbers, are left out.
    """
    import jax
    import jax.numpy as jnp
    order = {"dimension_numbers": ("NHWC", "HWIO", "NHWC")}

    def pairs(p):
        return [(p, p), (p, p)]

    def dense(m, x, w, b=0):
        return x @ w + b

    def conv(m, x, w, b=0):
        return jax.lax.conv_general_dilated(x, w, (m.stride,) * 2, pairs(m.padding), **order) + b

    def conv_transpose(m, x, w, b=0):
        return jax.lax.conv_transpose(x, w, (m.stride,) * 2, pairs(w.shape[0] - 1 - m.padding),
                                      transpose_kernel=True, **order) + b

    def batch_norm(m, x, w, b):
        axes = tuple(range(x.ndim - 1))
        scale = w * jax.lax.rsqrt(x.var(axes) + m.eps)
        return x * scale + (b - x.mean(axes) * scale)

    kinds = {"Dense": dense, "Conv2d": conv, "ConvTranspose2d": conv_transpose, "BatchNorm": batch_norm,
             "LeakyReLU": lambda m, x: jax.nn.leaky_relu(x, m.negative_slope), "ReLU": lambda m, x: jax.nn.relu(x),
             "Tanh": lambda m, x: jnp.tanh(x), "Reshape": lambda m, x: x.reshape(-1, *m.shape),
             "Flatten": lambda m, x: x.reshape(len(x), -1)}
    parameters = [[jnp.array(p.data) for _, p in m.named_parameters()] for m in net.layers]

    def value(parameters, x):
        for m, own in zip(net.layers, parameters):
            x = kinds[type(m).__name__](m, x, *own)
        return x
    return value, parameters


def adam(state, gradient, t):
    """The state (theta, m, v) after one step of Adam downhill."""
    import jax
    import jax.numpy as jnp
    each = jax.tree.map
    theta, m, v = state
    m = each(lambda m, g: BETA_1 * m + (1 - BETA_1) * g, m, gradient)
    v = each(lambda v, g: BETA_2 * v + (1 - BETA_2) * g * g, v, gradient)
    c, s = RATE / (1 - BETA_1**t), 1 / (1 - BETA_2**t)
    return each(lambda p, m, v: p - c * m / (jnp.sqrt(s * v) + EPS), theta, m, v), m, v


def jax_run(work, threads):
    """A function that makes one step with JAX and waits for it."""
    if hasattr(os, "sched_setaffinity"):  # XLA takes as many threads as it sees cores
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    import jax
    import jax.numpy as jnp
    mean, softplus = jnp.mean, jax.nn.softplus
    if work.name == "chain":
        x, w, b = (jnp.array(work.normal(*shape)) for shape in ((work.batch, 16), (16, 16), (16,)))
        slopes = jax.jit(jax.grad(lambda wb: (jax.nn.relu(x @ wb[0] + wb[1]) * x).sum()))
        return lambda: jax.block_until_ready(slopes((w, b)))
    (g, g_theta), (d, d_theta) = jax_net(work.g), jax_net(work.d)
    _agree(work.g, g, g_theta, work.normal(2, work.latent))
    _agree(work.d, d, d_theta, work.normal(2, *work.shape))
    real, some = jnp.array(work.real()), jnp.array(work.real())

    def players(state, t, key):
        d_state, g_state = state
        z = jax.random.normal(key, (work.batch, work.latent))
        fake, pull_back = jax.vjp(lambda theta: g(theta, z), g_state[0])
        d_slope = jax.grad(lambda theta: mean(softplus(-d(theta, real))) + mean(softplus(d(theta, fake))))(d_state[0])
        d_state = adam(d_state, d_slope, t)
        g_slope = pull_back(jax.grad(lambda x: mean(softplus(-d(d_state[0], x))))(fake))[0]
        return d_state, adam(g_state, g_slope, t)

    def critic(state, t, key):
        d_state, g_state = state
        alpha = jax.random.uniform(key, (work.batch, 1))
        between = alpha * real + (1 - alpha) * some

        def loss(theta):
            slope = jax.grad(lambda x: d(theta, x).sum())(between)
            norm = jnp.sqrt((slope * slope).sum(1))
            return mean(d(theta, some)) - mean(d(theta, real)) + 10 * mean((norm - 1) ** 2)
        return adam(d_state, jax.grad(loss)(d_state[0]), t), g_state

    def zeros(theta):
        return jax.tree.map(jnp.zeros_like, theta)

    def whole(state, t, key):
        now, key = jax.random.split(key)
        return (critic if work.name == "gp" else players)(state, t, now), t + 1, key

    compiled = jax.jit(whole, donate_argnums=(0, 1, 2))
    state = tuple((theta, zeros(theta), zeros(theta)) for theta in (d_theta, g_theta))
    now = [state, jnp.float32(1), jax.random.key(0)]

    def step():
        now[:] = jax.block_until_ready(compiled(*now))
    return step


def _agree(net, value, theta, x):
    """Refuses a network that computes something else than tinygan's."""
    np.testing.assert_allclose(value(theta, x), net(x).numpy(), rtol=1e-3, atol=1e-4)
