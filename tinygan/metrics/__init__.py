"""Metrics of points, sequences and images; those of images use the classifier in `metrics.classifier`."""
from .distances import kernel_distance, mmd_squared, sliced_wasserstein, wasserstein
from .evaluate import BETTER, Evaluator, calibration, evaluate_images, evaluate_points, evaluate_rows
from .features import class_modes, frechet, frechet_gaussians, inception_score, label_reverse_kl
from .labels import label_scores
from .mixture import mixture, reverse_kl
from .neighbours import one_nn_accuracy, precision_recall_density_coverage
from .sequences import evaluate_sines
from .two_sample import IPM, classifier_test, permutation_test

__all__ = ["BETTER", "IPM", "Evaluator", "calibration", "class_modes", "classifier_test", "evaluate_images",
           "evaluate_points", "evaluate_rows", "evaluate_sines", "frechet", "frechet_gaussians", "inception_score",
           "kernel_distance", "label_reverse_kl", "label_scores", "mixture", "mmd_squared", "one_nn_accuracy",
           "permutation_test", "precision_recall_density_coverage", "reverse_kl", "sliced_wasserstein", "wasserstein"]
