"""The GAN laboratory: shows two players in the plane. `state` is without pictures, `picture` is without widgets."""
