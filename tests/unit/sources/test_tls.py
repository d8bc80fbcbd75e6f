import asyncio
import datetime
import ssl
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from polyreel.errors import FetchError
from polyreel.net import guard
from polyreel.sources.ingest import ingest

HOST = "films.example"


@pytest.fixture
def certificate(tmp_path):
    """A certificate for one name, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (tmp_path / "pair.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM) + pem)
    return tmp_path / "pair.pem"


@pytest.fixture
async def tls(certificate, monkeypatch):
    """A TLS server on loopback: its port, and the names that it was asked for."""
    monkeypatch.setenv("POLYREEL_ALLOW_NETWORKS", "127.0.0.0/8")
    names = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: names.append(name)

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nfilm")
        await writer.drain()
        writer.close()

    async def resolve(host, port):
        return [ip_address("127.0.0.1")]

    monkeypatch.setattr(guard, "resolve_host", resolve)
    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with listening:
        yield listening.sockets[0].getsockname()[1], names


async def test_a_pinned_connection_speaks_tls_under_the_hosts_own_name(tls, store, quick, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    port, names = tls
    assert (await ingest(f"https://{HOST}:{port}/a.mp4", store, limits=quick)).bytes == 4
    assert names == [HOST]


async def test_a_certificate_for_another_name_is_not_accepted(tls, store, quick, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    port, names = tls
    with pytest.raises(FetchError, match="certificate is not trusted"):
        await ingest(f"https://other.example:{port}/a.mp4", store, limits=quick)
    assert names == ["other.example"]


async def test_an_unknown_authority_is_not_accepted(tls, store, quick):
    with pytest.raises(FetchError, match="certificate is not trusted") as caught:
        await ingest(f"https://{HOST}:{tls[0]}/a.mp4", store, limits=quick)
    assert "SSL_CERT_FILE" in caught.value.remedy
