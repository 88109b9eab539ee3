# %% [markdown]
# # The GAN laboratory
#
# Two players in the plane, to be stepped, played and watched. The green dots are the data. $G$ makes the red ones out
# of noise. $D$ colours the plane: green where it takes a point for real, red where it takes it for generated, and a
# grey line where it cannot say. The **arrows** show what $G$ learns from $D$, and it learns nothing else.
#
# The laboratory needs `pip install 'tinygan[lab]'`. `tinygan lab` opens the same in your browser, as a page of its own.

# %%
from tinygan.lab.panel import Panel

Panel()

# %% [markdown]
# (Where no kernel runs you see a picture of it.) What the controls do:
#
# - **step D**, **step G**: one move of one player; the other stays. **step**: $k$ moves of $D$, then one of $G$.
# - **play**: step after step; **speed** says how many from one frame to the next.
# - **slow motion**, then play: first the batch that a player is shown, as rings; then the player glides to where it
#   moves.
# - **data**: choose, or draw your own: click on the plane, or drag over it. The players stay as they are and have to
#   follow; **reset** makes new ones.
# - **game**: the objectives of lecture 05 and of the critics. The **rates**, $k$ and the weight of the **R1** penalty
#   count from the next move on.
#
# The curves: what each player's objective is worth, what $D$ says of data and of samples on average, and how far apart
# these two clouds are. All of them are measured on the same latents again and again, so what moves is the players.
#
# The rest of this notebook does by hand what the buttons do. `Laboratory` is the state behind the widgets, `Picture`
# draws it.

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
    """n moves, and a look after every fifth."""
    for i in range(n):
        move()
        if i % 5 == 4:
            lab.look()


# %% [markdown]
# ## D alone
#
# $G$ has not moved: its samples lie in a heap. **Predict** the field after sixty moves of $D$ alone: where will it be
# green, where red? Which way will the arrows point?

# %%
lab = Laboratory()
times(60, lab.step_d, lab)
show(lab)

# %%
figures = lab.look().figures
assert figures["real"] > 0.8
assert figures["fake"] < 0.2

# %% [markdown]
# $D$ need not know the data's shape yet: it is enough to be red where the samples are. All arrows point out of the
# heap, towards green.
#
# ## An arrow is a slope
#
# An arrow is the gradient of $G$'s objective with respect to one *sample*, in the direction in which $G$ wants to go:
# for $\log D$ uphill (`g-non-saturating`). Let us move every sample a little along its arrow, by hand, and ask $D$
# again.

# %%
view = lab.look()


def said(points):
    return lab.output(lab.D(tg.Tensor(points)))


assert np.all(said(view.fake + 0.01 * view.arrows) > said(view.fake))

# %% [markdown]
# $G$ cannot move its samples one by one: it has parameters, and a move of these moves all samples at once. The chain
# rule carries each arrow back through $G$, and the sum of what arrives is the gradient that $G$ climbs.
#
# ## G alone
#
# Now $D$ stands still. **Predict** where the samples will be after sixty moves of $G$ alone. In the middle of the eight
# heaps? On all of them?

# %%
times(60, lab.step_g, lab)
show(lab)

# %%
before, after = view.figures["fake"], lab.look().figures["fake"]
print(f"D says of the samples: {before:.2f} before, {after:.2f} after; of the data {figures['real']:.2f}")
assert after > figures["real"]

# %% [markdown]
# They ran to where $D$ is greenest, far beyond the data, most of them out of the picture: $D$ has never been shown
# anything out there, so it was free to say whatever it likes. A generator that wins against a $D$ that stands still
# has learned $D$, not the data. This is why the two must take turns.
#
# ## Both

# %%
lab = Laboratory()
times(500, lab.step, lab)
show(lab)

# %%
assert lab.look().figures["distance"] < 0.3 * lab.history["distance"][0]

# %% [markdown]
# Look at the curves: for the first two hundred moves the samples chase around the plane, and the distance goes up and
# down. Then they spread, and $D$'s mean outputs on data and on samples close in on one half.
#
# ## A film
#
# The same on two moons, a frame every twenty steps.

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
# ## The same arrows, longer and shorter
#
# `lab.objective` may be changed at any moment; the arrows change with it, the field does not. $D$ gets a lead of a
# hundred moves. **Predict**: where $D$ is sure, how long are the arrows of `minimax`, how long those of
# `non-saturating`? Do they point the same way?

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
print(f"D says {d.mean():.4f} of the samples; without saturation the arrows are {ratio:.0f} times as long")
assert ratio > 20

# %% [markdown]
# The same way, always: one is $(1 - D)\nabla a$, the other $D\,\nabla a$, where $a$ is the logit. Where $D$ is sure
# of the samples, the arrows of `minimax` are gone (`g-gradient`), and those of `non-saturating` are as long as they
# can be (`g-non-saturating-gradient`).
#
# ## What R1 does to the field
#
# Again $D$ alone, without the penalty and with much of it. **Predict** which field is steeper near the data.

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
# R1 punishes the slope of $D$ at the data (`r1`), so the hills become low and round. Arrows become shorter too, but
# they go on pointing somewhere: a $D$ without cliffs is a $D$ that can be followed.
#
# ## Change
#
# Each of these is a minute in the laboratory at the top. Predict first.
#
# 1. Set $k$ to 10 and play. Does $G$ get there faster or slower, counted in its own moves?
# 2. Make $G$'s rate ten times $D$'s, then the other way round. Which of them is worse, and what do you see?
# 3. Choose `minimax`, press *step D* forty times, then *play*. Then do the same with `non-saturating`.
# 4. Draw two heaps far apart. Do the samples find both? What lies between the heaps, and why must it?
# 5. Choose `two-sample` and set R1 to 0. What becomes of the values, and why does nothing hold them?
# 6. Let the ring be learned, then change the data to the grid without a reset. Is this easier than from the start?
#
# The picture owes much to GAN Lab (Kahng, Thorat, Chau, Viégas and Wattenberg 2018), which plays in the browser alone.
