"""What the network is punished for."""

import math

import pytest
import torch

from central.training.losses import nt_xent, triplets


def test_nt_xent_of_vectors_that_all_are_alike_is_the_logarithm_of_the_choice() -> None:
    loss, _ = nt_xent(torch.ones(4, 3), torch.ones(4, 3), 0.1)
    assert loss.item() == pytest.approx(math.log(7), abs=1e-4)


def test_nt_xent_is_nothing_when_partners_are_alone_in_their_direction() -> None:
    loss, right = nt_xent(torch.eye(4), 3 * torch.eye(4), 0.05)
    assert loss.item() < 1e-6
    assert right.item() == 1.0


def test_partners_that_are_swapped_are_never_right() -> None:
    loss, right = nt_xent(torch.eye(2), torch.eye(2).flip(0), 0.05)
    assert loss.item() > 10
    assert right.item() == 0.0


def unit(degrees: float) -> list[float]:
    return [math.cos(math.radians(degrees)), math.sin(math.radians(degrees))]


def test_a_triplet_takes_the_worse_query_and_the_nearest_stranger_that_is_still_farther_than_its_own() -> (
    None
):
    references = torch.tensor([unit(0), unit(90), unit(40)])
    queries = torch.tensor([[unit(1), unit(90), unit(40)], [unit(15), unit(90), unit(40)]])
    loss, right = triplets(references, queries, margin=0.2)
    # The first place: its query at 15 degrees, against the reference at 40. The others' strangers are far enough.
    first = 0.2 - math.cos(math.radians(15)) + math.cos(math.radians(25))
    assert loss.item() == pytest.approx(first / 3, abs=1e-5)
    assert right.item() == 1.0


def test_a_place_whose_strangers_are_all_nearer_pushes_nothing() -> None:
    references = torch.tensor([unit(0), unit(50)], requires_grad=True)
    queries = torch.tensor([[unit(60), unit(50)]])
    loss, right = triplets(references, queries, margin=0.1)
    assert loss.item() == 0.0
    assert right.item() == 0.5
    loss.backward()


def test_triplets_pull_the_hard_positive_towards_its_reference() -> None:
    references = torch.tensor([unit(0), unit(90)])
    queries = torch.tensor([[unit(5), unit(90)], [unit(40), unit(90)]], requires_grad=True)
    loss, _ = triplets(references, queries, margin=0.5)
    loss.backward()
    assert queries.grad is not None
    assert queries.grad[0].abs().sum() == 0, "the easy query is left alone"
    assert queries.grad[1, 0].abs().sum() > 0
