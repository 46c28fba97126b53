"""The authorities are known late, but before anybody is called."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from syndicate import authorities

NOW = datetime.datetime(2026, 11, 28, tzinfo=datetime.UTC)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The only one that this machine trusts."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Herons")])
    key = ec.generate_private_key(ec.SECP256R1())
    draft = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    draft = draft.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + datetime.timedelta(days=9))
    draft = draft.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    file = tmp_path / "authorities.pem"
    file.write_bytes(draft.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))


@pytest.mark.usefixtures("authority")
def test_contexts_trust_nobody_until_the_authorities_are_read() -> None:
    with authorities.postponed():
        made = [ssl.create_default_context(), ssl.create_default_context()]
    before = [one.cert_store_stats()["x509_ca"] for one in made]

    authorities.read()

    assert before == [0, 0]
    assert [one.cert_store_stats()["x509_ca"] for one in made] == [1, 1]
    assert all(one.verify_mode is ssl.CERT_REQUIRED and one.check_hostname for one in made)


@pytest.mark.usefixtures("authority")
def test_contexts_of_others_know_them_at_once() -> None:
    with authorities.postponed():
        pass

    assert ssl.create_default_context().cert_store_stats()["x509_ca"] == 1
