# %% [markdown]
# # 01 Two-player games: a notebook to step through
#
# It follows [lecture 01](../lectures/01-games.md). Before each picture there is a question. **Predict** the answer,
# **run** the cell, **look** at the result, then **change** the value that the text names and run the cell again. The
# lines that begin with `assert` check the claims of the lecture.

# %%
import functools
import io

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Image

from tinygan import objectives, plots
from tinygan.toys import tictactoe
from tinygan.toys.matrix import PENNIES, max_min, min_max, mixed
from tinygan.toys.tictactoe import EMPTY, OTHER, alpha_beta, best_move, census, minimax, moves, outcome, put, tree

DATA, FAKE, D_BLUE = "#3a7d44", "#d1495b", "#2e6f95"  # the data; the minimiser, later G; the maximiser, later D
plt.rcParams.update({"figure.dpi": 80, "axes.spines.top": False, "axes.spines.right": False,
                     "figure.constrained_layout.use": True})


def show(pixels):
    """Shows an image (h, w, 3) at its own size."""
    buffer = io.BytesIO()
    plt.imsave(buffer, pixels)
    return Image(buffer.getvalue())


# %% [markdown]
# ## The highest minimum winning chance
#
# It is x's turn, and three cells are free. **Predict** the value of each of the three moves: can x win, force a draw,
# or does it lose? Then look at the whole tree: blue is a win for x ($+1$), red one for o ($-1$), grey a draw.

# %%
# picture: 01-tree.png
show(plots.game_tree(tree("x xoo x o")))

# %% [markdown]
# Each number is the largest of the numbers below it if x moves, and the smallest if o moves (`minimax-value`).
# **Change** the board: nine characters, row by row. Keep at most four cells free, or the picture becomes very wide.
#
# Now the empty board. **Predict** the nine values of x's first moves. Then let x take a corner, and predict the eight
# values of o's answers. Which of them force a draw?

# %%
def draw_board(axes, board, player, title):
    """Draws the board, with the value of each move of `player` in the free cells."""
    colours = {1: "#8ecae6", 0: "#eeeeee", -1: "#f4a9a8"}
    for i, mark in enumerate(board):
        row, column = divmod(i, 3)
        if mark == " " and i in moves(board):
            value = minimax(put(board, i, player), OTHER[player])
            axes.add_patch(plt.Rectangle((column, 2 - row), 1, 1, facecolor=colours[value]))
            mark = f"{value:+d}" if value else "0"
        axes.text(column + 0.5, 2.5 - row, mark, ha="center", va="center", fontsize=16 if mark in "xo" else 10,
                  weight="bold" if mark in "xo" else "normal")
    for i in range(4):
        axes.plot([0, 3], [i, i], color="#808080", linewidth=0.8)
        axes.plot([i, i], [0, 3], color="#808080", linewidth=0.8)
    axes.set(aspect="equal", title=title)
    axes.title.set_fontsize(9)
    axes.axis("off")


figure, axes = plt.subplots(1, 4, figsize=(8, 2.3))
draw_board(axes[0], EMPTY, "x", "x begins: all are equal")
for panel, cell, name in zip(axes[1:], (0, 4, 1), ("a corner", "the centre", "an edge")):
    draw_board(panel, put(EMPTY, cell, "x"), "o", f"x took {name}: o's answers")
assert minimax(EMPTY) == 0
assert all(minimax(put(EMPTY, cell, "x"), "o") == 0 for cell in range(9))
after_corner = [minimax(put(put(EMPTY, 0, "x"), cell, "o"), "x") for cell in range(1, 9)]
assert after_corner.count(0) == 1                      # only the centre

# %% [markdown]
# Every first move has the value of a draw, but after a corner o has only one answer that keeps the draw. The value does
# not tell how easy a position is to play.
#
# ## Play
#
# You are x. Put the numbers of your cells into `MOVES`, 1 to 9 row by row, and run the cell. If your list ends, or
# contains an occupied cell, the program takes the first free cell for you. **Can you win?** (In a terminal: `tinygan
# play`.)

# %%
MOVES = [1, 9, 2]
ASK_ME = False                                          # True: a box asks you for each move


plan, film = iter([*map(str, MOVES), *"123456789"]), []
if ASK_ME:
    result = tictactoe.play()
else:
    result = tictactoe.play(ask=lambda prompt: next(plan), say=film.append)
    film = [text.strip("\n").rpartition("\n\n")[2] for text in film if "---" in text]     # the boards
    figure, axes = plt.subplots(1, len(film), figsize=(1.7 * len(film), 1.6))
    for panel, text in zip(axes, film):
        panel.text(0.5, 0.5, text, family="monospace", ha="center", va="center", fontsize=11)
        panel.axis("off")
    figure.suptitle({"x": "you win", "o": "tinygan wins", "": "a draw"}[result], fontsize=10)
assert result in ("o", "")

# %% [markdown]
# You cannot: tinygan never gives up the value of a position. Here is the proof by trying everything: o plays
# `best_move`, x tries *every* move.

# %%
def ends(board, player="x"):
    """All outcomes that can happen when o plays its best move and x anything."""
    cells = [best_move(board, "o")] if player == "o" and moves(board) else moves(board)
    return set().union(*(ends(put(board, cell, player), OTHER[player]) for cell in cells)) or {outcome(board)}


assert ends(EMPTY) == {0, -1}                           # draws and wins of o

# %% [markdown]
# ## The number of positions
#
# **Predict** the order of magnitude: how many positions does the recursion visit from the empty board? How many of
# them are different?

# %%
def least(board):
    """One representative for all rotations and reflections of a board."""
    square = np.array(list(board)).reshape(3, 3)
    return min("".join(np.rot90(s, i).ravel()) for s in (square, square.T) for i in range(4))


different, todo = {}, [(EMPTY, "x")]
while todo:
    board, player = todo.pop()
    if board not in different:
        different[board] = player
        todo += [(put(board, cell, player), OTHER[player]) for cell in moves(board)]
value, seen = alpha_beta(EMPTY)
everything = census(EMPTY)
counts = {"positions in the tree": everything.nodes, "games": everything.x + everything.o + everything.draws,
          "visited by alpha-beta": seen, "different positions": len(different),
          "... up to symmetry": len({least(board) for board in different})}
plt.figure(figsize=(6, 2.2))
plt.barh(list(counts), counts.values(), color=["#c8c8c8", "#c8c8c8", D_BLUE, "#808080", "#808080"])
for i, n in enumerate(counts.values()):
    plt.text(n * 1.1, i, f"{n:,}", va="center", fontsize=8)
plt.xscale("log")
plt.xlim(100, 4e6)
plt.gca().invert_yaxis()
assert list(counts.values()) == [549_946, 255_168, 18_297, 5_478, 765]
assert everything == (549_946, 131_184, 77_904, 46_080) and value == 0

# %% [markdown]
# ## Alpha-beta
#
# Here is another position with three free cells. It is x's turn, and the replies are examined row by row, from left to
# right. **Predict** which positions the search skips. They are drawn pale.

# %%
def visited(way, player="x", alpha=-2, beta=2):
    """Alpha-beta again: (value, visited paths). A path is the tuple of its boards."""
    board, found = way[-1], {way}
    for cell in moves(board):
        value, below = visited((*way, put(board, cell, player)), OTHER[player], alpha, beta)
        found |= below
        alpha, beta = (max(alpha, value), beta) if player == "x" else (alpha, min(beta, value))
        if alpha >= beta:
            break
    return (outcome(board) if not moves(board) else alpha if player == "x" else beta), found


def pale(board, looked_at):
    """Draws the tree; positions outside `looked_at` are faded."""
    def place(way, player, left):
        board, children, right = way[-1], [], left
        for cell in moves(board):
            child, right = place((*way, put(board, cell, player)), OTHER[player], right)
            children.append(child)
        x, depth = (children[0] + children[-1]) / 2 if children else left, len(way) - 1
        value, strength = minimax(board, player), 1 if way in looked_at else 0.2
        for child in children:
            axes.plot([x, child], [-depth, -depth - 1], color="#a0a0a0", linewidth=0.8, zorder=0)
        text = "\n".join(board[i:i + 3].replace(" ", "·") for i in (0, 3, 6)) + (f"\n{value:+d}" if value else "\n0")
        axes.text(x, -depth, text, ha="center", va="center", fontsize=9, family="monospace", alpha=strength,
                  bbox={"boxstyle": "round", "edgecolor": "#808080" if strength == 1 else "#e4e4e4",
                        "facecolor": {1: "#8ecae6", 0: "#eeeeee", -1: "#f4a9a8"}[value] if strength == 1 else "white"})
        return x, max(right, left + 1)

    _, axes = plt.subplots(figsize=(6.5, 5.2), dpi=95)
    _, width = place((board,), "x", 0)
    axes.set(xlim=(-0.6, width - 0.4), ylim=(-3.5, 0.5))
    axes.axis("off")


# %%
# picture: 01-alpha-beta.png
board = "xoxoo  x "
value, looked_at = visited((board,))
pale(board, looked_at)
assert (value, len(looked_at), census(board).nodes) == (minimax(board), 10, 14) == (0, alpha_beta(board)[1], 14)

# %% [markdown]
# As soon as o has a reply with the value $-1$, the other replies do not matter, because x has a draw elsewhere.
#
# **Predict:** from the empty board, does alpha-beta examine more or fewer positions when it tries the centre and the
# corners first? And with edges first?

# %%
def seen_in_order(order, board=EMPTY, player="x", alpha=-2, beta=2):
    """Value and number of visited positions, if replies are tried in this order."""
    nodes, free = 1, moves(board)
    for cell in sorted(free, key=order.index):
        value, below = seen_in_order(order, put(board, cell, player), OTHER[player], alpha, beta)
        nodes += below
        alpha, beta = (max(alpha, value), beta) if player == "x" else (alpha, min(beta, value))
        if alpha >= beta:
            break
    return (outcome(board) if not free else alpha if player == "x" else beta), nodes


orders = {"centre, corners, edges": (4, 0, 2, 6, 8, 1, 3, 5, 7), "row by row": range(9),
          "edges, corners, centre": (1, 3, 5, 7, 0, 2, 6, 8, 4)}
results = {name: seen_in_order(order) for name, order in orders.items()}
plt.figure(figsize=(6, 1.7))
plt.barh(list(results), [n for _, n in results.values()], color=D_BLUE)
plt.xlabel("visited positions")
assert [n for _, n in results.values()] == [7_275, 18_297, 42_094]
assert {value for value, _ in results.values()} == {0}   # the order changes the work, not the answer

# %% [markdown]
# ## An imperfect opponent
#
# Minimax gives every first move the value 0. Let o move at random, and let x play for the best average after its first
# move. How often does each first move win? **Predict** the best one.

# %%
@functools.cache
def chances(board, player):
    """Probabilities that x wins and that o wins, if o moves at random and x plays its best reply."""
    cells = moves(board)
    if not cells:
        return float(outcome(board) == 1), float(outcome(board) == -1)
    below = [chances(put(board, cell, player), OTHER[player]) for cell in cells]
    return tuple(np.mean(below, axis=0)) if player == "o" else max(below, key=lambda c: c[0] - c[1])


wins = np.array([chances(put(EMPTY, cell, "x"), "o")[0] for cell in range(9)]).reshape(3, 3)
plt.figure(figsize=(2.8, 2.5))
plt.imshow(wins, cmap="Blues", vmin=0.98, vmax=1)
for (row, column), chance in np.ndenumerate(wins):
    plt.text(column, row, f"{chance:.4f}", ha="center", va="center", fontsize=9)
plt.axis("off")
assert np.allclose([wins[0, 0], wins[1, 1], wins[0, 1]], [0.995, 0.990, 0.987], atol=5e-4)

# %% [markdown]
# The best answer to one opponent is not the safest move against all opponents.
#
# ## Games in a table
#
# If the maximiser shows first, she gets (`max-min`); if the minimiser shows first, he pays (`min-max`). Here are 2,000
# random tables of two by two and of five by five. **Predict** on which side of the diagonal the points lie. How often
# do they lie on it?

# %%
rng = np.random.default_rng(0)
figure, axes = plt.subplots(1, 2, figsize=(6.4, 3.2), sharey=True)
for panel, size in zip(axes, (2, 5)):
    tables = rng.normal(size=(2000, size, size))
    low, high = np.array([(max_min(t), min_max(t)) for t in tables]).T
    panel.plot(low, high, ".", color=D_BLUE, markersize=2, alpha=0.5)
    panel.axline((0, 0), slope=1, color="grey", linewidth=0.8)
    panel.set(xlabel="max-min: she shows first", xlim=(-3, 3), ylim=(-3, 3), aspect="equal",
              title=f"{size} x {size}: a saddle point in {np.mean(low == high):.0%}")
    panel.title.set_fontsize(10)
    assert (low <= high).all() and abs(np.mean(low == high) - {2: 2 / 3, 5: 5 / 126}[size]) < 0.03
axes[0].set_ylabel("min-max: he shows first")
print("matching pennies:", max_min(PENNIES), "<", min_max(PENNIES))
assert (max_min(PENNIES), min_max(PENNIES)) == (-1, 1)

# %% [markdown]
# It is never a disadvantage to move second. In a table of $n \times n$ independent entries there is a saddle point with
# the probability $n!^2 / (2n - 1)!$, which is $2/3$, then $5/126$. In a large table, the player who moves first nearly
# always loses something.
#
# ## Matching pennies
#
# She tosses heads with the probability $p$, he with $q$. The left picture shows her payoff, against $p$, for each of
# his two moves; he picks the lower line. The right picture shows $V(p, q)$. **Predict** the maximum of the lower
# envelope.

# %%
# picture: 01-mixed.png
def draw_mixed(payoff):
    """The lower envelope with its highest point, and the saddle."""
    value, probs_p, probs_q = mixed(payoff)
    p = np.linspace(0, 1, 101)
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3), dpi=95)
    columns = np.outer(p, payoff[0]) + np.outer(1 - p, payoff[1])
    for column, name, style in zip(columns.T, ("he: heads", "he: tails"), ("-", "--")):
        left.plot(p, column, style, color=FAKE, label=name)
    left.plot(p, columns.min(axis=1), color=D_BLUE, linewidth=5, alpha=0.35, label="her guaranteed payoff")
    left.plot(probs_p[0], value, "o", color="black")
    left.set(xlabel="$p$: probability that she shows heads", ylabel="her payoff")
    left.legend(fontsize=8, loc="lower center")
    field = columns @ np.stack([p, 1 - p])
    top = abs(field).max()
    picture = right.pcolormesh(p, p, field.T, cmap="RdBu", vmin=-top, vmax=top, shading="auto")
    figure.colorbar(picture, label="$V$")
    right.contour(p, p, field.T, levels=[value], colors="black", linewidths=0.8)
    right.plot(probs_p[0], probs_q[0], "o", color="black")
    right.set(xlabel="$p$", ylabel="$q$", aspect="equal")
    assert np.isclose(columns.min(axis=1).max(), value, atol=0.02 * top)   # the grid has 101 points
    return value, probs_p, probs_q


value, probs_p, probs_q = draw_mixed(PENNIES)
assert value == 0 and np.array_equal([probs_p, probs_q], np.full((2, 2), 0.5))

# %% [markdown]
# The black point is a saddle: a move along $p$ gains her nothing, and a move along $q$ gains him nothing
# (`mixed-value`).
#
# Now heads-heads pays three. **Predict:** will she show heads more often?

# %%
value, probs_p, probs_q = draw_mixed(np.array([[3, -1], [-1, 1]]))
assert np.allclose([value, probs_p[0], probs_q[0]], 1 / 3)

# %% [markdown]
# Less often: he avoids heads. **Change** the table. Can you make one whose black point lies in a corner? What is it
# called then?
#
# ## Best answers run in a circle
#
# On the left, each player gives the best answer to the other's last move. In the middle, each answers the *average* of
# all the other's moves so far. **Predict** both pictures.

# %%
def repeated(rounds, average):
    """(she, he) of every round, 1 for heads; each answers the other's last move or average."""
    she, he = [1], [0]
    for _ in range(rounds):
        hers, his = (np.mean(she), np.mean(he)) if average else (she[-1], he[-1])
        she.append(int(his >= 0.5))                     # she wants to match
        he.append(int(hers < 0.5))                      # he does not
    return np.array([she, he])


rounds = np.arange(1, 402)
figure, axes = plt.subplots(1, 3, figsize=(9, 2.7))
she, he = repeated(400, average=False)
axes[0].step(rounds[:17], she[:17] + 0.04, color=D_BLUE, label="she", where="mid")
axes[0].step(rounds[:17], he[:17], color=FAKE, label="he", where="mid")
axes[0].set(yticks=[0, 1], yticklabels=["tails", "heads"], title="answering the last move", xlabel="round",
            ylim=(-0.1, 1.4))
axes[0].legend(fontsize=8, loc="upper center", ncols=2)
she, he = repeated(400, average=True)
averages = np.cumsum([she, he], axis=1) / rounds
axes[1].plot(rounds, averages[0], color=D_BLUE)
axes[1].plot(rounds, averages[1], color=FAKE)
axes[1].axhline(0.5, color="grey", linewidth=0.8, linestyle=":")
axes[1].set(title="answering the average", xlabel="round", ylabel="share of heads so far", ylim=(0, 1))
axes[2].plot(*averages, color="#808080", linewidth=0.9)
axes[2].plot(0.5, 0.5, "ko")
axes[2].set(xlabel="her share", ylabel="his share", xlim=(0, 1), ylim=(0, 1), aspect="equal")
assert np.array_equal(repeated(40, average=False)[:, :37], repeated(40, average=False)[:, 4:])  # period 4
assert abs(averages[:, -1] - 0.5).max() < 0.06

# %% [markdown]
# The moves never converge, but their averages converge slowly. Lecture 07 uses averages again.
#
# ## From pennies to a generator and a discriminator
#
# Data: a coin that shows heads in 7 of 10 tosses. A critic believes in one of the sides: $D = +1$ on it, $-1$ on the
# other. A generator *without noise* always makes the same side. The table contains `objectives.two_sample`, the value
# of lecture 02, for each pair of moves. **Predict** the generator's distribution.

# %%
HEADS = 0.7
data = np.array([[1.0]] * round(100 * HEADS) + [[0.0]] * round(100 * (1 - HEADS)))     # 1 is heads
critics = {"heads is real": lambda x: 2 * x - 1, "tails is real": lambda x: 1 - 2 * x}
table = np.array([[objectives.two_sample(D(data), D(np.full((100, 1), made))) for made in (1.0, 0.0)]
                  for D in critics.values()])
value, probs_d, probs_g = mixed(table)
figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 2.6), width_ratios=(1.1, 1))
left.imshow(table, cmap="RdBu", vmin=-3, vmax=3)
for (row, column), payoff in np.ndenumerate(table):
    left.text(column, row, f"{payoff:+.1f}", ha="center", va="center")
left.set(xticks=[0, 1], yticks=[0, 1], title="payoff of the critic")
left.set_xticklabels(["G: heads", "G: tails"])
left.set_yticklabels(critics)
right.bar([0, 1, 2.5, 3.5], [HEADS, 1 - HEADS, *probs_g], color=[DATA, DATA, FAKE, FAKE])
right.set_xticks([0, 1, 2.5, 3.5], ["heads", "tails"] * 2)
right.text(0.5, 0.75, "the data", ha="center", color=DATA)
right.text(3, 0.75, "G's distribution", ha="center", color=FAKE)
right.set(ylim=(0, 0.9), title="optimal mixture of G")
assert np.allclose(probs_g, [HEADS, 1 - HEADS]) and np.allclose(probs_d, 0.5) and np.isclose(value, 0)

# %% [markdown]
# Only the distribution of the data itself cannot be detected. **Change** `HEADS`.
#
# ## The wrong order of min and max
#
# $\min_G \max_D$: the generator shows its distribution, and the critic answers. $\max_D \min_G$: the critic shows
# itself first. There are six possible examples, with the data's probabilities. One generator answers one fixed critic;
# the other has the distribution of the data. **Predict** the examples of the first one.

# %%
p_data = np.array([0.1, 0.25, 0.15, 0.2, 0.05, 0.25])
critic = np.array([0.1, 0.3, 0.2, 0.5, -0.4, 0.4])      # some critic, fixed
candidates = np.vstack([np.eye(6), p_data, rng.dirichlet(np.ones(6), 300)])
against_fixed = critic @ p_data - candidates @ critic   # G descends it
against_best = abs(candidates - p_data).sum(1)          # max over |D| <= 1 of sum (p - q) D
figure, axes = plt.subplots(1, 3, figsize=(8.6, 2.4), sharey=True)
bars = p_data, candidates[against_fixed.argmin()], candidates[against_best.argmin()]
titles = "the data", "answer to one $D$", "answer to the best $D$"
for panel, heights, colour, title in zip(axes, bars, (DATA, FAKE, FAKE), titles):
    panel.bar(np.arange(6), heights, color=colour)
    panel.set(title=title, xticks=range(6), ylim=(0, 1.05))
twin = axes[1].twinx()
twin.plot(critic, "o--", color=D_BLUE)
twin.set_ylabel("this $D$", color=D_BLUE)
twin.set_ylim(-0.6, 1.0)
twin.spines["right"].set_visible(True)
assert against_fixed.argmin() == critic.argmax() and against_best.argmin() == 6

# %% [markdown]
# Against one fixed critic the best generator makes only one example. A training loop that lets $G$ move for a long time
# with a fixed $D$ plays this game, and its generator collapses to the maximum of $D$.
#
# Next: [02, generative models and the two-sample test](02-two-sample.ipynb).
