"""The colours of the course's pictures, and the function that saves them."""
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

DATA, FAKE, D_BLUE = "#3a7d44", "#d1495b", "#2e6f95"  # the data, the generator, the discriminator

plt.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False,
                     "figure.constrained_layout.use": True})


def save(figure, path):
    """A PNG that is the same on every run."""
    figure.savefig(path, dpi=140, metadata={"Software": None})
    plt.close(figure)
