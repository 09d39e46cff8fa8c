"""What the network is punished for: partners that point apart, and strangers that point alike."""

import torch
from torch import Tensor, nn


SAME = 0.7  # cosine to a place's own reference from which a remembered vector is of the same sound, and no stranger


class Memory:
    """References of the last batches, as more strangers than a batch can hold (Wang et al. 2020, cross-batch memory).

    A batch has one place of each track; its memory holds other places of the same tracks too, so that the network learns
    to tell the passages of one piece apart. Nothing of it is learnt from: it moves with the network, some batches behind.
    """

    def __init__(self, size: int) -> None:
        """Begin with an empty memory.

        Args:
            size: How many vectors it holds; the oldest go first. 0: it stays empty.
        """
        self._size = size
        self.vectors = torch.empty(0, 0)

    def keep(self, references: Tensor) -> None:
        """Remember a batch.

        Args:
            references: Vectors of any length, shape (pairs, dimension).
        """
        new = nn.functional.normalize(references.detach().float(), dim=1)
        old = self.vectors if len(self.vectors) else new[:0]
        self.vectors = torch.cat([new, old])[: self._size]


def nt_xent(
    references: Tensor, queries: Tensor, temperature: float, memory: Memory | None = None
) -> tuple[Tensor, Tensor]:
    """Compute the normalised temperature-scaled cross entropy (Chen et al. 2020, SimCLR).

    Args:
        references: Vectors of any length, shape (pairs, dimension).
        queries: Their partners in the same order.
        temperature: Smaller is stricter about the nearest wrong ones.
        memory: More strangers; those that sound as a pair's own reference does are not counted as such.

    Returns:
        The loss, and the share of vectors whose partner is the nearest of all others in the batch.
    """
    vectors = nn.functional.normalize(torch.cat([references, queries]).float(), dim=1)
    similar = vectors @ vectors.T / temperature
    similar.fill_diagonal_(-1e9)
    count = len(references)
    partners = torch.arange(2 * count, device=vectors.device).roll(count)
    right = (similar.argmax(1) == partners).float().mean()
    if memory is not None and len(memory.vectors):
        strangers = vectors @ memory.vectors.T
        same = (strangers[:count].detach() > SAME).repeat(2, 1)
        similar = torch.cat([similar, (strangers / temperature).masked_fill(same, -1e9)], dim=1)
    return nn.functional.cross_entropy(similar, partners), right


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
