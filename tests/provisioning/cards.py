"""What is on a card, and which keys the authority knows of it."""

from pathlib import Path

from cryptography import x509

from provisioning.card.data_partition import DataPartition
from provisioning.card.partitions import read_table
from provisioning.register import Register


def files_on(card: Path) -> dict[str, bytes]:
    data = DataPartition(card, read_table(card).data)
    return {
        entry.path: data.read(entry.path)
        for folder in ("etc-estu", "network")
        for entry in data.folder(folder)
    }


def revoked(authority: Path) -> set[int]:
    crl = x509.load_pem_x509_crl((authority / "revoked.pem").read_bytes())
    return {entry.serial_number for entry in crl}


def serials(register: Register, box: str) -> list[int]:
    made = [line for line in register.audit() if (line["action"], line["subject"]) == ("make-keys", box)]
    return [int(line["detail"]["serial"], 16) for line in made]
