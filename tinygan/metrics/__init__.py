"""What good means: scores of points, sequences and images (the classifier behind the latter: `metrics.classifier`)."""
from .evaluate import calibration, evaluate_images, evaluate_points
from .features import class_modes, frechet, frechet_gaussians, inception_score, label_reverse_kl
from .labels import label_scores
from .mixture import mixture, reverse_kl
from .neighbours import precision_recall_density_coverage
from .sequences import evaluate_sines

__all__ = ["calibration", "class_modes", "evaluate_images", "evaluate_points", "evaluate_sines", "frechet",
           "frechet_gaussians", "inception_score", "label_reverse_kl", "label_scores", "mixture",
           "precision_recall_density_coverage", "reverse_kl"]
