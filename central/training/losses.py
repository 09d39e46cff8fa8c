"""What the network is punished for: partners that point apart, and strangers that point alike."""

import torch
from torch import Tensor, nn


def nt_xent(references: Tensor, queries: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Compute the normalised temperature-scaled cross entropy (Chen et al. 2020, SimCLR).

    Args:
        references: Vectors of any length, shape (pairs, dimension).
        queries: Their partners in the same order.
        temperature: Smaller is stricter about the nearest wrong ones.

    Returns:
        The loss, and the share of vectors whose partner is the nearest of all others in the batch.
    """
    vectors = nn.functional.normalize(torch.cat([references, queries]).float(), dim=1)
    similar = vectors @ vectors.T / temperature
    similar.fill_diagonal_(-1e9)
    count = len(references)
    partners = torch.arange(2 * count, device=vectors.device).roll(count)
    return nn.functional.cross_entropy(similar, partners), (similar.argmax(1) == partners).float().mean()


def triplets(references: Tensor, queries: Tensor, margin: float) -> tuple[Tensor, Tensor]:
    """Compute triplets with hard positives and semi-hard negatives (Schroff et al. 2015, FaceNet, 3.2).

    A place's hard positive is the one of its queries that is least like its reference. Its negative is the most alike
    among the references of other places that are less like that query than its own is; where none is, the place is lost
    for now and pushes nothing: the hardest negatives of all make vectors collapse.

    Args:
        references: Vectors of any length, shape (pairs, dimension).
        queries: Shape (views, pairs, dimension), each place's in its column.
        margin: Cosine by which a partner should be more alike than any other.

    Returns:
        The loss, and the share of places whose hard positive is nearer to its own reference than to any other.
    """
    own = nn.functional.normalize(references.float(), dim=-1)
    asked = nn.functional.normalize(queries.float(), dim=-1)
    hard = (asked * own).sum(dim=-1).argmin(dim=0)
    places = torch.arange(len(own), device=own.device)
    similar = asked[hard, places] @ own.T
    partners = similar.diagonal()
    wrong = similar.masked_fill(torch.eye(len(own), dtype=torch.bool, device=own.device), -2.0)
    semi_hard = wrong.masked_fill(wrong >= partners[:, None], -2.0).amax(dim=1)
    loss = torch.relu(margin - partners + semi_hard)[semi_hard > -2.0].sum() / len(own)
    return loss, (wrong.amax(dim=1) < partners).float().mean()
