"""The GAN laboratory: two players in the plane, to be watched. `state` knows no picture, `picture` no widget."""
