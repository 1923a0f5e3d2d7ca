"""Stage II's generator: keeps a small picture's features at 16 and 32 pixels, and paints all else as the labels say.

So palette, edges and brushwork can follow the style; `stage2.losses` holds the picture to what stage I painted.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from common.nn.layers import EnlargingConvolution, Mapping, NormalisedBlock, enlarged, replicate_conv3x3

GRAIN_DIM = 16
"""How many noise values are spread over the pixels; few, because their directions are saved as weights."""
LABEL_SCALE = 4.0
"""Factor on the labels' one-hot vectors; a noise vector of 64 values has length 8."""


class Generator(nn.Module):
    """Encoder to 16 pixels, normalised gated blocks, decoder. Most work is done at 16 to 64 pixels.

    Every size of the decoder adds a picture to the enlarged picture of the size before (Karras et al. 2020, figure 7b).
    """

    def __init__(
        self,
        *,
        num_genres: int,
        num_styles: int,
        noise_dim: int,
        mapping: int,
        encoder_channels: Sequence[int],
        body_blocks: int,
        decoder_channels: Sequence[int],
        output_enlargement: int,
        pixel_grain: bool = False,
    ) -> None:
        """`encoder_channels` are the widths at 64, 32 and 16 pixels, `decoder_channels` those from 32 pixels up.

        The last features are enlarged `output_enlargement` times before they become pixels: a pixel shuffle drew a
        diagonal grid; `pixel_grain` adds the detail that this lacks, as noise. `mapping` is the width of two gated
        layers that mix noise and labels.
        """
        super().__init__()
        condition_dim = noise_dim + num_genres + num_styles
        self.mapping = Mapping(condition_dim, mapping)
        condition_dim += mapping
        finest, middle, coarsest = encoder_channels
        block = partial(NormalisedBlock, condition_dim=condition_dim, modulated=True)
        self.stem = replicate_conv3x3(3, finest)
        self.encoder = nn.ModuleList(block(*widths) for widths in ((finest, middle), (middle, coarsest)))
        self.body = nn.ModuleList(block(coarsest, coarsest) for _ in range(body_blocks))
        widths = (coarsest, *decoder_channels)
        grain = partial(_Grain, mapping, min(noise_dim, GRAIN_DIM))
        self.decoder = nn.ModuleList(
            block(wide, narrow, upsample="bilinear", patterns=partial(grain, 32 * 2**level))
            for level, (wide, narrow) in enumerate(pairwise(widths))
        )
        self.across = nn.Conv2d(middle, widths[1], 1)
        """Takes the encoder's features at 32 pixels to the decoder's: from 16 alone, forms lost their places."""
        nn.init.zeros_(self.across.weight)
        self.sketches = nn.ModuleList(nn.Conv2d(wide, 3, 1) for wide in widths[:-1])
        self.out = EnlargingConvolution(widths[-1], 3, output_enlargement)
        self.output_enlargement = output_enlargement
        # Small first weights keep tanh in its linear range.
        for to_picture in (*self.sketches, self.out):
            nn.init.normal_(to_picture.weight, std=0.02)
            nn.init.zeros_(to_picture.bias)
        side = 16 * 2 ** len(decoder_channels) * output_enlargement
        self.pixel_grain = _PixelGrain(mapping, min(noise_dim, 4), side, widths[-1]) if pixel_grain else None

    def forward(
        self,
        small: Float[Tensor, "b 3 64 64"],
        genres: Float[Tensor, "b k"],
        styles: Float[Tensor, "b s"],
        noise: Float[Tensor, "b n"],
    ) -> Float[Tensor, "b 3 size size"]:
        # Labels come last: a run that starts from other weights expects them there.
        condition = self.mapping(torch.cat([noise, LABEL_SCALE * genres, LABEL_SCALE * styles], dim=1))
        # With channels last a training step is a fifth faster on a CPU.
        features = self.stem(small.contiguous(memory_format=torch.channels_last))
        middle, coarsest = self.encoder
        at_32 = middle(F.avg_pool2d(features, 2), condition)
        features = coarsest(F.avg_pool2d(at_32, 2), condition)
        for block in self.body:
            features = block(features, condition)
        picture = features.new_zeros(())
        for level, (sketch, block) in enumerate(zip(self.sketches, self.decoder, strict=True)):
            picture = enlarged(picture + sketch(features), 2)
            features = block(features, condition)
            if level == 0:
                features = features + self.across(at_32)
        picture = self.out(features).add_(enlarged(picture, self.output_enlargement))
        if self.pixel_grain is not None:
            picture = picture + self.pixel_grain(features, condition)
        return picture.tanh_()

    def grown(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the parts that a repainter for half the size lacks; its last picture becomes another sketch.

        Of a repainter with as many levels, return the grain of pixels if it has none; of other weights, nothing.
        """

        def own(*beginnings: str) -> dict[str, Tensor]:
            return {name: value for name, value in self.state_dict().items() if name.startswith(beginnings)}

        last, grain = len(self.decoder) - 1, "pixel_grain."
        names = {name.rsplit(".", 1)[0] for name in weights}
        if f"sketches.{last}" in names:
            return {} if any(name.startswith(grain) for name in weights) else own(grain)
        if f"sketches.{last - 1}" not in names:
            return {}
        parts = own(f"decoder.{last}.", f"sketches.{last}.", "out.", grain)
        of_sketch = weights["out.weight"].sum(dim=(2, 3), keepdim=True)
        return parts | {f"sketches.{last}.weight": of_sketch, f"sketches.{last}.bias": weights["out.bias"]}


class _Grain(nn.Module):
    """Adds noise to each pixel of the features; each channel learns its strength. Without it, strokes repeat."""

    directions: Float[Tensor, "n side side"]

    def __init__(self, start: int, count: int, side: int, channels: int) -> None:
        """Read `count` values of the condition from `start` on; each pixel gets its own fixed mixture of them."""
        super().__init__()
        self.read = slice(start, start + count)
        self.register_buffer("directions", _directions(count, side, seed=0))
        self.strengths = nn.Parameter(torch.empty(channels))
        nn.init.normal_(self.strengths, std=0.2)

    def forward(
        self,
        features: Float[Tensor, "b c side side"],
        condition: Float[Tensor, "b k"],
        weights: Float[Tensor, "1 c 1 1"],
    ) -> Float[Tensor, "b c side side"]:
        grain = torch.einsum("bn,nhw->bhw", condition[:, self.read], self.directions)
        strengths = weights * self.strengths[:, None, None]
        return features.addcmul_(grain[:, None].to(features.dtype), strengths.to(features.dtype))


def _directions(count: int, side: int, seed: int) -> Float[Tensor, "n side side"]:
    directions = torch.empty(count, side, side)
    return directions.normal_(std=count**-0.5, generator=torch.Generator().manual_seed(seed))


class _PixelGrain(nn.Module):
    """Noise in the brightness of each pixel, as strong as the features say; none at first.

    Features of half the size, enlarged, hold nothing finer than two pixels.
    """

    directions: Float[Tensor, "n side side"]

    def __init__(self, start: int, count: int, side: int, channels: int) -> None:
        """Read `count` values of the condition from `start` on; each pixel gets its own fixed mixture of them."""
        super().__init__()
        self.read = slice(start, start + count)
        self.register_buffer("directions", _directions(count, side, seed=1))
        self.strengths = nn.Conv2d(channels, 1, 1)
        for parameter in self.strengths.parameters():
            nn.init.zeros_(parameter)

    def forward(
        self, features: Float[Tensor, "b c h w"], condition: Float[Tensor, "b k"]
    ) -> Float[Tensor, "b 1 side side"]:
        grain = torch.einsum("bn,nhw->bhw", condition[:, self.read], self.directions)[:, None]
        strengths = enlarged(self.strengths(features), grain.shape[-1] // features.shape[-1])
        return grain.to(strengths.dtype) * strengths
