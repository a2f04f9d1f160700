// @ts-check
/** What the openssl suite works on, made by the host's openssl: data, keys, signatures by them, authenticated messages. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../scripts/lib/run.mjs";

/** Around the blocks of digests and ciphers, and one that is long. */
const SIZES = [0, 1, 15, 16, 17, 63, 64, 65, 127, 129, 1000, 4096, 65_552];
const RSA_BITS = [1024, 2048, 4096];
const CURVES = ["P-256", "P-384", "P-521", "secp256k1", "brainpoolP256r1"];
const EDWARDS = ["ED25519", "ED448"];
const MONTGOMERY = ["X25519", "X448"];
/** AES-GCM messages by the key's bits; their keys are wrapped in KEY. */
const AUTHENTICATED = [128, 192, 256];
/** The guest's script has the same. */
const KEY = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/** Bytes that look random and are always the same (xorshift32). @param {number} count */
function bytes(count) {
  const data = new Uint8Array(count);
  let state = 0x9e37_79b9;
  for (let i = 0; i < count; i += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    data[i] = state;
  }
  return data;
}

/** @param {string} folder Is made. @throws {Error} If openssl fails. */
export async function writeOpensslData(folder) {
  mkdirSync(folder, { recursive: true });
  const openssl = (/** @type {string[]} */ ...args) => run("openssl", args, { cwd: folder });
  for (const size of SIZES) writeFileSync(join(folder, `${size}`), bytes(size));
  const makeKey = async (/** @type {string} */ name, /** @type {string[]} */ ...how) => {
    await openssl("genpkey", ...how, "-out", `${name}.pem`);
    await openssl("pkey", "-in", `${name}.pem`, "-pubout", "-out", `${name}.pub`);
  };
  const sign = (/** @type {string} */ name) =>
    openssl("dgst", "-sha256", "-sign", `${name}.pem`, "-out", `${name}.sig`, "4096");
  const list = (/** @type {string} */ name, /** @type {string[]} */ values) =>
    writeFileSync(join(folder, name), `${values.join("\n")}\n`);

  const rsa = RSA_BITS.map((bits) => ({ name: `rsa${bits}`, bits }));
  for (const { name, bits } of rsa) {
    await makeKey(name, "-algorithm", "RSA", "-pkeyopt", `rsa_keygen_bits:${bits}`);
    await sign(name);
  }
  for (const name of CURVES) {
    const how = ["-algorithm", "EC", "-pkeyopt", `ec_paramgen_curve:${name}`];
    await makeKey(name, ...how);
    await makeKey(`${name}-peer`, ...how);
    await sign(name);
  }
  for (const name of EDWARDS) await makeKey(name, "-algorithm", name);
  for (const name of MONTGOMERY) {
    await makeKey(name, "-algorithm", name);
    await makeKey(`${name}-peer`, "-algorithm", name);
  }
  for (const bits of AUTHENTICATED) {
    const to = ["-outform", "DER", "-out", `${bits}.cms`, "-secretkey", KEY.slice(0, bits / 4), "-secretkeyid", "01"];
    await openssl("cms", "-encrypt", "-binary", `-aes-${bits}-gcm`, ...to, "-in", "65552");
  }
  list(
    "rsa",
    rsa.map(({ name }) => name),
  );
  list("curves", CURVES);
  list("edwards", EDWARDS);
  list("montgomery", MONTGOMERY);
  list("authenticated", AUTHENTICATED.map(String));
}
