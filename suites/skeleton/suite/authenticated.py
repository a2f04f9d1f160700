"""Ciphers that `openssl enc` refuses, by OpenSSL's library: what they make of the disk's data, and whether they take it back."""
import ctypes
import hashlib
import sys

AEAD_SET_IVLEN, AEAD_GET_TAG, AEAD_SET_TAG = 0x9, 0x10, 0x11
TAG_BYTES = 16
KEY = bytes(range(64))
IV = bytes(range(100, 116))
AAD = b"additional data of 31 bytes ..."

crypto = ctypes.CDLL("libcrypto.so.3")
for name in ("EVP_CIPHER_fetch", "EVP_CIPHER_CTX_new"):
    getattr(crypto, name).restype = ctypes.c_void_p


def must(status, what):
    if status <= 0:
        raise RuntimeError(what)


def work(name, encrypt, data, tag):
    """Returns the output and the tag; raises RuntimeError where OpenSSL fails, as it does for a wrong tag."""
    cipher = ctypes.c_void_p(crypto.EVP_CIPHER_fetch(None, name.encode(), None))
    must(cipher.value or 0, "fetch")
    context = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new())
    xts, ccm = name.endswith("XTS"), name.endswith("CCM")
    must(crypto.EVP_CipherInit_ex(context, cipher, None, None, None, encrypt), "cipher")
    if not xts:
        must(crypto.EVP_CIPHER_CTX_ctrl(context, AEAD_SET_IVLEN, 12, None), "length of the IV")
        if ccm or not encrypt:
            must(crypto.EVP_CIPHER_CTX_ctrl(context, AEAD_SET_TAG, TAG_BYTES, tag if tag else None), "tag")
    must(crypto.EVP_CipherInit_ex(context, None, None, KEY, IV, encrypt), "key")
    length = ctypes.c_int()
    if ccm:
        must(crypto.EVP_CipherUpdate(context, None, ctypes.byref(length), None, len(data)), "length")
    if not xts:
        must(crypto.EVP_CipherUpdate(context, None, ctypes.byref(length), AAD, len(AAD)), "additional data")
    out = ctypes.create_string_buffer(len(data) + 32)
    must(crypto.EVP_CipherUpdate(context, out, ctypes.byref(length), data, len(data)), "data")
    done = length.value
    # CCM has decided by now, and has no end.
    if encrypt or not ccm:
        must(crypto.EVP_CipherFinal_ex(context, ctypes.byref(out, done), ctypes.byref(length)), "end")
        done += length.value
    made = ctypes.create_string_buffer(TAG_BYTES)
    if encrypt and not xts:
        must(crypto.EVP_CIPHER_CTX_ctrl(context, AEAD_GET_TAG, TAG_BYTES, made), "tag")
    crypto.EVP_CIPHER_CTX_free(context)
    return out.raw[:done], made.raw


way, folder = sys.argv[1:]
names = [f"AES-{bits}-{mode}" for bits in (128, 192, 256) for mode in ("GCM", "CCM", "OCB")]
for name in [*names, "AES-128-XTS", "AES-256-XTS", "ChaCha20-Poly1305"]:
    for size in (17, 1000, 65552):
        with open(f"{folder}/{size}", "rb") as file:
            data = file.read()
        try:
            made, tag = work(name, 1, data, None)
            back, _ = work(name, 0, made, tag)
            value = f"{hashlib.sha256(made).hexdigest()} {tag.hex()} {'back' if back == data else 'not back'}"
        except RuntimeError as error:
            value = f"fails at the {error}"
        print(f"result {way} {name} {size} = {value}")
