# %% [markdown]
# # The GAN laboratory
#
# Here are two players in the plane. You can move them step by step, let them play, and watch. The green dots are the
# data. $G$ makes the red dots from noise. $D$ colours the plane: green means "real", red means "generated", and on the
# grey line $D$ is one half. The **arrows** show everything that $G$ learns from $D$.
#
# The laboratory needs `pip install 'tinygan[lab]'`. `tinygan lab` opens the same laboratory in your browser, as a
# separate page.

# %%
from tinygan.lab.panel import Panel

Panel()

# %% [markdown]
# (Without a running kernel you see only a picture of it.) The controls have these functions:
#
# - **step D**, **step G**: one move of one player; the other does not move. **step**: $k$ moves of $D$, then one of
#   $G$.
# - **play**: step after step; **speed** sets the number of steps from one frame to the next.
# - **slow motion**, then play: first you see the player's batch, as rings; then the player moves slowly to its new
#   state.
# - **data**: choose, or draw your own: click on the plane, or drag over it. The players keep their parameters and have
#   to adapt; **reset** makes new players.
# - **game**: the objectives of lecture 05 and of the critics. The **rates**, $k$ and the weight of the **R1** penalty
#   apply from the next move on.
#
# The curves show the value of each player's objective, the mean output of $D$ on data and on samples, and the distance
# of these two clouds. All of them use the same latents every time, so only the players cause changes.
#
# The rest of this notebook does the same as the buttons, in code. `Laboratory` is the state behind the widgets,
# `Picture` draws it.

# %%
import io

import numpy as np
from IPython.display import Image, display
from PIL import Image as Pillow

import tinygan as tg
from tinygan.lab.picture import HEIGHT, LEFT, LOW, SIDE, Picture
from tinygan.lab.state import SETS, Laboratory

picture = Picture()


def show(lab):
    return Image(picture.png(lab))


def times(n, move, lab):
    """n moves, with a measurement after every fifth."""
    for i in range(n):
        move()
        if i % 5 == 4:
            lab.look()


# %% [markdown]
# ## Only D moves
#
# $G$ has not moved: its samples lie in one cluster. **Predict** the field after sixty moves of $D$ alone: where is it
# green, where red? In which direction do the arrows point?

# %%
lab = Laboratory()
times(60, lab.step_d, lab)
show(lab)

# %%
figures = lab.look().figures
assert figures["real"] > 0.8
assert figures["fake"] < 0.2

# %% [markdown]
# $D$ does not need the exact shape of the data yet: it is enough to be red at the samples. All arrows point out of the
# cluster, towards green.
#
# ## An arrow is a slope
#
# An arrow is the gradient of $G$'s objective with respect to one *sample*, in the direction that improves this
# objective: for $\log D$ uphill (`g-non-saturating`). We now move every sample a little along its arrow, in code, and
# evaluate $D$ again.

# %%
view = lab.look()


def output(points):
    return lab.output(lab.D(tg.Tensor(points)))


assert np.all(output(view.fake + 0.01 * view.arrows) > output(view.fake))

# %% [markdown]
# $G$ cannot move its samples one by one: it has parameters, and a move of these moves all samples at once. The chain
# rule carries each arrow back through $G$, and the sum of the results is the gradient that $G$ ascends.
#
# ## Only G moves
#
# Now $D$ is fixed. **Predict** the position of the samples after sixty moves of $G$ alone. In the centre of the eight
# clusters? On all of them?

# %%
times(60, lab.step_g, lab)
show(lab)

# %%
before, after = view.figures["fake"], lab.look().figures["fake"]
print(f"output of D for the samples: {before:.2f} before, {after:.2f} after; for the data: {figures['real']:.2f}")
assert after > figures["real"]

# %% [markdown]
# They moved to the region with the largest $D$, far beyond the data, and most of them left the picture: $D$ was never
# trained there, so its outputs there are arbitrary. A generator that wins against a fixed $D$ has learned $D$, not the
# data. For this reason the two players must take turns.
#
# ## Both players take turns

# %%
lab = Laboratory()
times(500, lab.step, lab)
show(lab)

# %%
assert lab.look().figures["distance"] < 0.3 * lab.history["distance"][0]

# %% [markdown]
# Look at the curves: for the first two hundred moves the samples move around the plane, and the distance goes up and
# down. Then they spread, and $D$'s mean outputs on data and on samples approach one half.
#
# ## A film of the game
#
# Here is the same game on two moons, with a frame every twenty steps.

# %%
lab, frames = Laboratory(SETS["two moons"]), []
for _ in range(32):
    plane = picture.draw(lab)[HEIGHT - LOW - SIDE:HEIGHT - LOW, LEFT:LEFT + SIDE, :3]
    frames.append(Pillow.fromarray(plane).resize((256, 256)).quantize(96))
    for _ in range(20):
        lab.step()
file = io.BytesIO()
frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=[140] * 31 + [2000], loop=0)
Image(file.getvalue())

# %% [markdown]
# ## Arrows of two objectives: same direction, different length
#
# You can change `lab.objective` at any time; the arrows change with it, the field does not. $D$ first makes a hundred
# moves alone. **Predict**: where $D$ is certain, how long are the arrows of `minimax`, and how long those of
# `non-saturating`? Do they have the same direction?

# %%
lab = Laboratory(r1=0)
times(100, lab.step_d, lab)
show(lab)

# %%
steep = lab.look()
lab.objective = "minimax"
flat = lab.look()
show(lab)

# %%
d = lab.output(lab.D(tg.Tensor(flat.fake)))
assert np.allclose(flat.arrows * (1 - d), steep.arrows * d, atol=1e-5)
ratio = np.median((1 - d) / d)
print(f"output of D for the samples: {d.mean():.4f}; without saturation the arrows are {ratio:.0f} times as long")
assert ratio > 20

# %% [markdown]
# They always have the same direction: one is $(1 - D)\nabla a$, the other $D\,\nabla a$, where $a$ is the logit. If $D$
# is certain about the samples, the arrows of `minimax` vanish (`g-gradient`), and those of `non-saturating` have their
# full length (`g-non-saturating-gradient`).
#
# ## R1 makes the field smoother
#
# Again only $D$ moves, without the penalty and with a large penalty. **Predict** which field is steeper near the data.

# %%
steepest = {}
for r1 in (0, 1):
    lab = Laboratory(r1=r1)
    times(150, lab.step_d, lab)
    steepest[r1] = np.abs(np.diff(lab.field())).max()  # from one point of the lattice to the next
    display(show(lab))

# %%
assert steepest[1] < 0.5 * steepest[0]

# %% [markdown]
# R1 penalises the slope of $D$ at the data (`r1`), so the hills become low and round. The arrows become shorter too,
# but they keep a useful direction: $G$ can follow a $D$ without steep steps.
#
# ## Experiments
#
# Each of these experiments takes a minute in the laboratory at the top. Predict first.
#
# 1. Set $k$ to 10 and play. Does $G$ reach the data faster or slower, counted in its own moves?
# 2. Make $G$'s learning rate ten times $D$'s, then the reverse. Which setting is worse, and what do you see?
# 3. Choose `minimax`, press *step D* forty times, then *play*. Then do the same with `non-saturating`.
# 4. Draw two clusters far apart. Do the samples find both? Which samples lie between the clusters, and why must there
#    be some?
# 5. Choose `two-sample` and set R1 to 0. How do the values change, and why are they not bounded?
# 6. Train on the ring, then change the data to the grid without a reset. Is this easier than from the start?
#
# The picture follows ideas of GAN Lab (Kahng, Thorat, Chau, Viégas and Wattenberg 2018), which runs completely in the
# browser.
