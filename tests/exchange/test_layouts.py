"""Names and orders of axes: every recipe's players, there and back."""
import numpy as np
import pytest
from exchange_cases import CASES, config, fill

from tinygan.exchange import ExchangeError, layouts, torch_text


@pytest.mark.parametrize("case", CASES)
def test_names_and_layouts(case, rng):
    games = config(case).start(), config(case).start()
    for player in ("generator", "discriminator"):
        network, other = (getattr(game, player) for game in games)
        state = layouts.to_torch(fill(network, rng))
        layouts.from_torch(other, {**state, "1.num_batches_tracked": np.array(3)})
        for name, a in network.state_dict().items():
            np.testing.assert_array_equal(a, other.state_dict()[name])
        compile(torch_text.write(network, "A network.", ["z"]), "network.py", "exec")
        first = next(name for name in state if state[name].ndim > 1)
        with pytest.raises(ExchangeError, match=f"{first} is missing"):
            layouts.from_torch(other, {name: a for name, a in state.items() if name != first})
        with pytest.raises(ExchangeError, match="extra is unknown"):
            layouts.from_torch(other, {**state, "extra": state[first]})
        with pytest.raises(ExchangeError, match=f"{first} has shape .*, the network's has"):
            layouts.from_torch(other, {**state, first: state[first][1:]})
