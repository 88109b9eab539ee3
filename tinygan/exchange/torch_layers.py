"""What tinygan has and PyTorch has not, in PyTorch; images are (n, channels, h, w). Needs tinygan for nothing.

Nothing here is imported by tinygan: `torch_text` copies the classes that a network needs into the file it writes.
"""
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812


class Images(nn.Module):
    """(n, h * w * channels), the channels of a pixel side by side -> (n, channels, h, w)."""

    def __init__(self, h, w, channels):
        super().__init__()
        self.shape = h, w, channels

    def forward(self, x):
        return x.reshape(-1, *self.shape).permute(0, 3, 1, 2)


class Flat(nn.Module):
    """(n, channels, h, w) -> (n, h * w * channels), the channels of a pixel side by side."""

    def forward(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)


class EqualisedLinear(nn.Linear):
    """A linear layer whose weight is multiplied by `scale` when it is used (Karras et al. 2018)."""

    def __init__(self, inputs, outputs, scale):
        super().__init__(inputs, outputs)
        self.scale = scale

    def forward(self, x):
        return F.linear(x, self.weight * self.scale, self.bias)


class EqualisedConv2d(nn.Conv2d):
    """A convolution whose weight is multiplied by `scale` when it is used; it keeps the size of images."""

    def __init__(self, channels_in, channels_out, kernel_size, scale):
        super().__init__(channels_in, channels_out, kernel_size, padding="same")
        self.scale = scale

    def forward(self, x):
        return F.conv2d(x, self.weight * self.scale, self.bias, padding="same")


class PixelNorm(nn.Module):
    """x / sqrt(mean of x^2 + eps), the mean over the channels of each pixel (Karras et al. 2018)."""

    def __init__(self, eps):
        super().__init__()
        self.eps = eps

    def forward(self, x):
        return x / (x.square().mean(1, keepdim=True) + self.eps).sqrt()


class Noise(nn.Module):
    """x + gain noise: one map (n, 1, h, w) for all channels, a gain for each (Karras et al. 2019)."""

    def __init__(self, channels):
        super().__init__()
        self.gain = nn.Parameter(torch.zeros(channels))

    def forward(self, x, noise):
        return x + self.gain[:, None, None] * noise


class AdaIN(nn.Module):
    """Gives each channel of each image the deviation and the mean that `style` makes of w (Huang & Belongie 2017)."""

    def __init__(self, style, eps):
        super().__init__()
        self.style, self.eps = style, eps

    def forward(self, x, w):
        scale, shift = self.style(w)[:, :, None, None].chunk(2, 1)
        return scale * F.instance_norm(x, eps=self.eps) + shift


class Repeat(nn.Module):
    """z (n, latent) -> (n, length, latent): the same at every step."""

    def __init__(self, length):
        super().__init__()
        self.length = length

    def forward(self, z):
        return z[:, None].expand(-1, self.length, -1)


class Recurrent(nn.Module):
    """A sequence (n, time, features) -> the state after every step, (n, time, hidden)."""

    def __init__(self, cell):
        super().__init__()
        self.cell = cell

    def forward(self, x):
        return self.cell(x)[0]


class Mean(nn.Module):
    """(n, time, hidden) -> (n, hidden): the mean over all steps."""

    def forward(self, x):
        return x.mean(1)


class MinibatchStd(nn.Module):
    """How much the examples of the batch differ, as one more channel (Karras et al. 2018)."""

    def forward(self, x):
        spread = (x.var(0, correction=0) + 1e-8).sqrt().mean()
        return torch.cat([x, spread.expand(len(x), 1, *x.shape[2:])], 1)


class Pack(nn.Module):
    """`size` examples side by side, as channels, or as features of a sequence (Lin et al. 2018)."""

    def __init__(self, size):
        super().__init__()
        self.size = size

    def forward(self, x):
        return torch.cat([x[i::self.size] for i in range(self.size)], 2 if x.ndim == 3 else 1)


class SpectralNorm(nn.Module):
    """A layer whose weight is divided by its largest singular value, that of u and v (Miyato et al. 2018)."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer
        self.u: torch.Tensor
        self.v: torch.Tensor
        self.register_buffer("u", torch.zeros(layer.weight.shape[0]))
        self.register_buffer("v", torch.zeros(layer.weight[0].numel()))

    def forward(self, x):
        weight = self.layer.weight
        matrix = weight if weight.ndim == 2 else weight.permute(0, 2, 3, 1).flatten(1)
        if self.training:
            with torch.no_grad():
                self.u = F.normalize(matrix @ self.v, dim=0)
                self.v = F.normalize(matrix.T @ self.u, dim=0)
        return torch.func.functional_call(self.layer, {"weight": weight / (self.u @ matrix @ self.v)}, x)


class Conditional(nn.Module):
    """Latents z (n, latent) and classes (n,) -> examples: a learned vector of the class beside z."""

    def __init__(self, embedding, network):
        super().__init__()
        self.embedding, self.network = embedding, network

    def forward(self, z, labels):
        return self.network(torch.cat([z, self.embedding(labels)], 1))


class ConditionalJudge(nn.Module):
    """Examples x and classes (n,) -> logits: an array learned for the class beside x, as a channel, or as numbers."""

    def __init__(self, embedding, network, shape):
        super().__init__()
        self.embedding, self.network, self.shape = embedding, network, shape

    def forward(self, x, labels):
        return self.network(torch.cat([x, self.embedding(labels).reshape(-1, *self.shape)], 1))


class Projection(nn.Module):
    """Examples x and classes (n,) -> logits: psi(phi(x)) + <v_c, phi(x)> (Miyato & Koyama 2018)."""

    def __init__(self, body, head, embedding):
        super().__init__()
        self.body, self.head, self.embedding = body, head, embedding

    def forward(self, x, labels):
        features = self.body(x)
        return self.head(features) + (self.embedding(labels) * features).sum(1, keepdim=True)


class Growing(nn.Module):
    """Latents z (n, latent) -> images, by the first block and `stage` more; the last one counts for alpha."""

    def __init__(self, blocks, to_image, stage, alpha):
        super().__init__()
        self.blocks, self.to_image = nn.ModuleList(blocks), nn.ModuleList(to_image)
        self.stage, self.alpha = stage, alpha

    def forward(self, z):
        x = before = self.blocks[0](z)
        for block in self.blocks[1:self.stage + 1]:
            before, x = x, block(x)
        image = self.to_image[self.stage](x)
        if self.alpha < 1:
            old = F.interpolate(self.to_image[self.stage - 1](before), scale_factor=2)
            image = (1 - self.alpha) * old + self.alpha * image
        return F.interpolate(image, scale_factor=2 ** (len(self.blocks) - 1 - self.stage))


class GrowingJudge(nn.Module):
    """Images -> logits: the generator backwards."""

    def __init__(self, from_image, blocks, stage, alpha):
        super().__init__()
        self.from_image, self.blocks = nn.ModuleList(from_image), nn.ModuleList(blocks)
        self.stage, self.alpha = stage, alpha

    def forward(self, x):
        image = F.avg_pool2d(x, 2 ** (len(self.blocks) - 1 - self.stage))
        x = self.from_image[self.stage](image)
        for stage in range(self.stage, 0, -1):
            x = self.blocks[stage](x)
            if stage == self.stage and self.alpha < 1:
                old = self.from_image[stage - 1](F.avg_pool2d(image, 2))
                x = (1 - self.alpha) * old + self.alpha * x
        return self.blocks[0](x)


class StyledLayer(nn.Module):
    """Features, a map of noise and a style -> features."""

    def __init__(self, change, noise, adain):
        super().__init__()
        self.change, self.noise, self.adain = change, noise, adain

    def forward(self, x, noise, w):
        return self.adain(F.leaky_relu(self.noise(self.change(x), noise), 0.2), w)


class Styled(nn.Module):
    """Latents z (n, latent) and a map of noise (n, 1, h, w) for each layer -> images.

    psi draws the styles towards their mean: less variety, fewer bad images.
    """

    def __init__(self, mapping, layers, to_image, mean, constant):
        super().__init__()
        self.mapping, self.layers, self.to_image = mapping, nn.ModuleList(layers), to_image
        self.mean: torch.Tensor
        self.register_buffer("mean", torch.zeros(mean))
        self.constant = nn.Parameter(torch.zeros(constant))

    def forward(self, z, *noise, psi=1.0):
        w = torch.lerp(self.mean, self.mapping(z), psi)
        x = self.constant
        for layer, one in zip(self.layers, noise):
            x = layer(x, one, w)
        return self.to_image(x)
