"""Wrong answers to assignment 06: task, the mistake, a text of the reference's answer, the new text."""
SLOPE = "[slope] = tg.grad(tg.sum(D(x)), [x], create_graph=True)"
BY_DIFFERENCES = """units = np.eye(x.data[0].size).reshape(-1, *x.shape[1:]).astype(x.dtype)
    def along(e):
        def at(h):
            return D(x + h * e)[:, 0]
        return {}
    slope = tg.stack([along(e) for e in units], axis=1)"""
CENTRAL, RICHARDSON = "(at(1e-5) - at(-1e-5)) / 2e-5", "(8 * (at(1e-3) - at(-1e-3)) - at(2e-3) + at(-2e-3)) / 12e-3"
HESSIAN = """[slope] = tg.grad(tg.sum(f(x)), [x], create_graph=True)
    [product] = tg.grad(tg.sum(slope * v), [x], create_graph=True)
    return product"""
HESSIAN_BY = """def at(h):
        [there] = tg.grad(tg.sum(f(x + h * v)), [x], create_graph=True)
        return there
    return {}"""
CLOUD = "real.data + c * real.data.std() * u.data"
ONCE = "return weight / 2 * tg.sum(slope * slope) / x.shape[0]"
FAR = "return weight * tg.mean((norm - 1) ** 2)"
WRONG = [
    ("r2", "right value, no gradient: create_graph is forgotten", ", create_graph=True)", ")"),
    ("r2", "sum for mean over the examples", " / x.shape[0]", ""),
    ("r2", "mean for sum over one example", "tg.sum(slope * slope) / x.shape[0]", "tg.mean(slope * slope)"),
    ("r2", "the factor 1/2 is missing", "weight / 2", "weight"),
    ("r2", "sign: for a D that ascends", "return weight / 2", "return -weight / 2"),
    ("r2", "the length, not its square", "tg.sum(slope * slope)",
     "tg.sum(tg.sqrt(tg.sum((slope * slope).reshape((x.shape[0], -1)), axis=1)))"),
    ("r2", "a path to G stays open", "x = tg.Tensor(fake.detach(), requires_grad=True)",
     "x = fake if fake.requires_grad else tg.Tensor(fake.detach(), requires_grad=True)"),
    ("r2", "fakes without a past are not thought of", "x = tg.Tensor(fake.detach(), requires_grad=True)", "x = fake"),
    ("r2", "detached: half of the product is a constant", "slope * slope", "slope * slope.detach() * 1"),
    ("r2", "hard-coded for the public weight", "weight / 2", "0.5"),
    ("r2", "hard-coded for the public shapes", "x.shape[0]", "(4 if x.ndim == 2 else 3)"),
    ("r2", "the slope of the mean of the logits", "tg.sum(D(x))", "tg.mean(D(x))"),

    ("dragan", "right value, no gradient: create_graph is forgotten", ", create_graph=True)", ")"),
    ("dragan", "wrong axis: one norm for the whole batch", "(slope * slope).reshape((x.shape[0], -1)), axis=1)",
     "slope * slope)"),
    ("dragan", "wrong axis: the norm over the first axis of an image",
     "(slope * slope).reshape((x.shape[0], -1)), axis=1)", "slope * slope, axis=1)"),
    ("dragan", "sum for mean over the examples", "tg.mean((norm - 1) ** 2)", "tg.sum((norm - 1) ** 2)"),
    ("dragan", "towards 0, not towards 1", "(norm - 1) ** 2", "norm**2"),
    ("dragan", "one-sided", "(norm - 1) ** 2", "tg.relu(norm - 1) ** 2"),
    ("dragan", "at the data, not round them", "real.data + c * real.data.std() * u.data", "real.data"),
    ("dragan", "a deviation for each feature", "real.data.std()", "real.data.std(0)"),
    ("dragan", "the variance in place of the deviation", "real.data.std()", "real.data.var()"),
    ("dragan", "sign: noise taken off", "real.data + c", "real.data - c"),
    ("dragan", "hard-coded: c is 1/2", "real.data + c *", "real.data + 0.5 *"),
    ("dragan", "a path to the data stays open", "x = tg.Tensor(cloud, requires_grad=True)",
     "x = real + c * real.data.std() * u"),
    ("dragan", "detached: the norm is a constant", "+ 1e-12)\n", "+ 1e-12).detach()\n"),

    ("hessian-vector", "the slope of the slope's sum, v outside", "tg.sum(slope * v), [x], create_graph=True)\n"
     "    return product", "tg.sum(slope), [x], create_graph=True)\n" "    return product * v"),
    ("hessian-vector", "right value, cannot be differentiated again",
     "tg.grad(tg.sum(slope * v), [x], create_graph=True)", "tg.grad(tg.sum(slope * v), [x])"),
    ("hessian-vector", "right value, wrong slope: detached from v", "slope * v", "slope * v.detach()"),
    ("hessian-vector", "right value, wrong slope: detached from x", "return product",
     "return product.detach() + 0 * x * v"),
    ("hessian-vector", "mean for sum: F is the outputs' mean", "tg.sum(f(x))", "tg.mean(f(x))"),
    ("hessian-vector", "sum for mean: the mean of the products", "tg.sum(slope * v)", "tg.mean(slope * v)"),
    ("hessian-vector", "sign", "return product", "return -product"),
    ("hessian-vector", "a finite difference", "    return product",
     "    moved = tg.Tensor(x.data + 1e-5 * v.data, requires_grad=True)\n"
     "    [there] = tg.grad(tg.sum(f(moved)), [moved], create_graph=True)\n" "    return (there - slope) / 1e-5"),
    ("hessian-vector", "hard-coded for one output", "tg.sum(f(x))", "tg.sum(f(x)[:, :2])"),
    ("hessian-vector", "a cotangent too many: the square of the slope", "slope * v", "slope * slope * v"),

    ("jacobian-vector", "backwards: J^T v", "[pushed] = tg.grad(tg.sum(pulled * v), [u], create_graph=True)",
     "pushed = tg.sum(pulled) * y"),
    ("jacobian-vector", "right value, cannot be differentiated again",
     "[pushed] = tg.grad(tg.sum(pulled * v), [u], create_graph=True)", "[pushed] = tg.grad(tg.sum(pulled * v), [u])"),
    ("jacobian-vector", "right value, wrong slope: detached from v", "pulled * v", "pulled * v.detach()"),
    ("jacobian-vector", "a finite difference", "return pushed", "return (f(x + 1e-5 * v) - f(x - 1e-5 * v)) / 2e-5"),
    ("jacobian-vector", "mean for sum", "tg.sum(pulled * v)", "tg.mean(pulled * v)"),
    ("jacobian-vector", "summed over the outputs", "return pushed",
     "return tg.sum(pushed, axis=1, keepdims=True) + 0 * y"),
    ("jacobian-vector", "sign", "return pushed", "return -pushed"),
    ("jacobian-vector", "hard-coded for an output of the public width", "return pushed",
     "return pushed * np.array([1, 1, 1][:y.shape[1]] + [0] * (y.shape[1] - 3), x.dtype)"),

    ("r2", "the slope by central differences", SLOPE, BY_DIFFERENCES.format(CENTRAL)),
    ("r2", "the slope by Richardson's extrapolation", SLOPE, BY_DIFFERENCES.format(RICHARDSON)),
    ("r2", "half of the weight's square", "weight / 2", "weight**2 / 2"),
    ("r2", "one-centred, as a gradient penalty", ONCE, "return weight / 2 * tg.mean((tg.sqrt(tg.sum((slope * "
     "slope).reshape("
     "(x.shape[0], -1)), axis=1)) - 1) ** 2)"),
    ("r2", "the logits' square, not the slope's", ONCE, "return weight / 2 * tg.mean(D(x) ** 2) + 0 * tg.sum(slope)"),
    ("r2", "the probability's slope", "tg.sum(D(x))", "tg.sum(tg.sigmoid(D(x)))"),
    ("r2", "the first axis of an example only", ONCE, "return weight / 2 * tg.sum(slope * slope) / x.shape[0] if "
     "x.ndim == 2 "
     "else weight / 2 * tg.sum(slope[:, 0] * slope[:, 0]) / x.shape[0]"),
    ("r2", "divided by all numbers of the batch", "/ x.shape[0]", "/ x.size"),
    ("r2", "the first example only", ONCE, "return weight / 2 * tg.sum(slope[0] * slope[0])"),
    ("r2", "the square of the sum", "tg.sum(slope * slope)", "tg.sum(slope) ** 2"),
    ("r2", "not a scalar", ONCE, ONCE + " * np.ones(1, x.dtype)"),
    ("r2", "the default weight", "weight / 2", "1.0 / 2"),
    ("r2", "a small number beside the slope", "tg.sum(slope * slope)", "tg.sum(slope * slope + 1e-8)"),
    ("r2", "the value is float64", ONCE, ONCE + " * np.ones(())"),
    ("r2", "detached weights: the slope's value in a new Tensor", ONCE,
     "slope = tg.Tensor(slope.data, requires_grad=True)\n    " + ONCE),
    ("r2", "at zeros, not at the fakes", "tg.Tensor(fake.detach(), requires_grad=True)",
     "tg.Tensor(0 * fake.data, requires_grad=True)"),
    ("r2", "keeps the first fakes", "tg.Tensor(fake.detach(), requires_grad=True)",
     "tg.Tensor(r2.__dict__.setdefault('kept', fake.detach()), requires_grad=True)"),
    ("r2", "writes into the fakes", "x = tg.Tensor(fake", "fake.data += 0\n"
     "    x = tg.Tensor(fake"),

    ("dragan", "the slope by central differences", SLOPE, BY_DIFFERENCES.format(CENTRAL)),
    ("dragan", "the slope by Richardson's extrapolation", SLOPE, BY_DIFFERENCES.format(RICHARDSON)),
    ("dragan", "nothing under the root", " + 1e-12)", ")"),
    ("dragan", "another number under the root", " + 1e-12)", " + 1e-8)"),
    ("dragan", "a small number beside the norm", " + 1e-12)", ") + 1e-6"),
    ("dragan", "half of it", "weight * tg.mean", "weight / 2 * tg.mean"),
    ("dragan", "hard-coded weight", "weight * tg.mean", "10.0 * tg.mean"),
    ("dragan", "the norm's square towards 1", "norm = tg.sqrt(tg.sum((slope * slope).reshape((x.shape[0], -1)), "
     "axis=1) + "
     "1e-12)", "norm = tg.sum((slope * slope).reshape((x.shape[0], -1)), axis=1) + 1e-12"),
    ("dragan", "the size of the difference, not its square", "(norm - 1) ** 2", "tg.abs(norm - 1)"),
    ("dragan", "the sum of sizes for the norm", "norm = tg.sqrt(tg.sum((slope * slope).reshape((x.shape[0], -1)), "
     "axis=1) + "
     "1e-12)", "norm = tg.sum(tg.abs(slope).reshape((x.shape[0], -1)), axis=1)"),
    ("dragan", "the deviation is left out", CLOUD, "real.data + c * u.data"),
    ("dragan", "u round 0", CLOUD, "real.data + c * real.data.std() * (u.data - 0.5)"),
    ("dragan", "between the data and u, as a gradient penalty", CLOUD, "real.data + u.data * (c - real.data)"),
    ("dragan", "real and u exchanged", CLOUD, "u.data + c * u.data.std() * real.data"),
    ("dragan", "the deviation over n - 1", "real.data.std()", "real.data.std(ddof=1)"),
    ("dragan", "a deviation for each example", "real.data.std()", "real.data.reshape(len(real.data), "
     "-1).std(1).reshape((-1,) "
     "+ (1,) * (real.ndim - 1))"),
    ("dragan", "the mean norm, not each", "(norm - 1) ** 2", "(tg.mean(norm) - 1) ** 2"),
    ("dragan", "the value is float64", FAR, FAR + " * np.ones(())"),
    ("dragan", "c as a numpy number of float64", "c * real", "np.float64(c) * real"),
    ("dragan", "the first u is kept", CLOUD, "real.data + c * real.data.std() * dragan.__dict__.setdefault('kept', "
     "u).data"),
    ("dragan", "its own noise", CLOUD, "real.data + c * real.data.std() * "
     "np.random.default_rng(0).random(u.shape).astype("
     "u.dtype)"),

    ("hessian-vector", "a central difference of slopes", HESSIAN, HESSIAN_BY.format(CENTRAL)),
    ("hessian-vector", "Richardson's extrapolation of slopes", HESSIAN, HESSIAN_BY.format(RICHARDSON)),
    ("hessian-vector", "a difference of bare slopes", "return product", "def at(h):\n"
     "        moved = tg.Tensor(x.data + h * v.data, requires_grad=True)\n"
     "        return tg.grad(tg.sum(f(moved)), [moved])[0]\n"
     f"    return {CENTRAL} + 0 * x * v"),
    ("hessian-vector", "the slope times v", "return product", "return slope * v + 0 * product"),
    ("hessian-vector", "twice", "return product", "return 2 * product"),
    ("hessian-vector", "a half, as in a Taylor series", "return product", "return product / 2"),
    ("hessian-vector", "v divided by its length", "slope * v", "slope * (v / tg.sqrt(tg.sum(v * v)))"),
    ("hessian-vector", "H H v", "return product", "[product] = tg.grad(tg.sum(slope * product), [x], "
     "create_graph=True)\n"
     "    return product"),
    ("hessian-vector", "each example's slope by itself detached", "tg.sum(slope * v)", "tg.sum(slope.detach() * v)"),
    ("hessian-vector", "of the first output only", "tg.sum(f(x))", "tg.sum(f(x)[:, :1])"),
    ("hessian-vector", "of the square of f", "tg.sum(f(x))", "tg.sum(f(x) ** 2) / 2"),
    ("hessian-vector", "wrong where v is near 0", "return product",
     "return product * (v * v) / (v * v + 1e-9)"),
    ("hessian-vector", "the value is float64", "return product", "return product * np.ones(())"),
    ("hessian-vector", "rounded to float32", "return product", "return product + (product.data.astype('f4') - "
     "product.data)"),
    ("hessian-vector", "flat", "return product", "return product.reshape((x.size,))"),
    ("hessian-vector", "writes into v", "    return product", "    v.data += 0\n    return product"),
    ("hessian-vector", "keeps the first v", "slope * v", "slope * (hessian_vector.__dict__.setdefault('kept', v))"),

    ("jacobian-vector", "Richardson's extrapolation", "return pushed", "def at(h):\n        return f(x + h * v)\n"
     f"    return {RICHARDSON}"),
    ("jacobian-vector", "a forward difference", "return pushed", "return (f(x + 1e-6 * v) - f(x)) / 1e-6"),
    ("jacobian-vector", "a difference of bare values", "return pushed",
     "return tg.Tensor((f(x + 1e-5 * v).data - f(x - 1e-5 * v).data) / 2e-5) + 0 * pushed"),
    ("jacobian-vector", "twice", "return pushed", "return 2 * pushed"),
    ("jacobian-vector", "of the first output only, repeated", "return pushed", "return pushed[:, :1] + 0 * y"),
    ("jacobian-vector", "v divided by its length", "pulled * v", "pulled * (v / tg.sqrt(tg.sum(v * v)))"),
    ("jacobian-vector", "the size of v only", "pulled * v", "pulled * tg.abs(v)"),
    ("jacobian-vector", "of the sum over the batch", "return pushed", "return tg.sum(pushed, axis=0, keepdims=True) + "
     "0 * y"),
    ("jacobian-vector", "the value of f is added", "return pushed", "return pushed + y"),
    ("jacobian-vector", "detached from x", "return pushed", "return pushed.detach() + 0 * pushed"),
    ("jacobian-vector", "half of the output is detached", "y = f(x)", "y = f(x)\n    y = (y + y.detach()) / 2"),
    ("jacobian-vector", "the value is float64", "return pushed", "return pushed * np.ones(())"),
    ("jacobian-vector", "rounded to float32", "return pushed", "return pushed + (pushed.data.astype('f4') - "
     "pushed.data)"),
    ("jacobian-vector", "rows and columns exchanged", "return pushed", "return pushed.T"),
    ("jacobian-vector", "writes into x", "y = f(x)", "x.data *= 1\n    y = f(x)"),
    ("jacobian-vector", "keeps the first v", "pulled * v", "pulled * jacobian_vector.__dict__.setdefault('kept', v)"),
]
