// @ts-check
/** Writer for cpio archives in the "newc" format, the one the kernel unpacks as an initramfs. */

/** File types of `st_mode`. */
const types = { directory: 0o040000, character: 0o020000, file: 0o100000, link: 0o120000 };

/**
 * One member. `path` has no leading slash; parents come before their children.
 * @typedef {{ path: string, mode: number } & (
 *   | { type: "file", data: Uint8Array }
 *   | { type: "directory" }
 *   | { type: "link", target: string }
 *   | { type: "character", major: number, minor: number }
 * )} Entry
 */

/** @param {number} value */
const field = (value) => value.toString(16).toUpperCase().padStart(8, "0");

/** Zero bytes up to the next multiple of four. @param {number} length */
const padding = (length) => Buffer.alloc((4 - (length % 4)) % 4);

/** @param {Entry} entry @returns {Buffer} */
function content(entry) {
  if (entry.type === "file") return Buffer.from(entry.data.buffer, entry.data.byteOffset, entry.data.byteLength);
  return Buffer.from(entry.type === "link" ? entry.target : "");
}

/** @param {Entry} entry @param {number} inode @returns {Buffer[]} */
function member(entry, inode) {
  const data = content(entry);
  const device = entry.type === "character" ? [entry.major, entry.minor] : [0, 0];
  const name = Buffer.from(`${entry.path}\0`);
  const header = [
    inode,
    types[entry.type] | entry.mode,
    0, // uid: root
    0, // gid: root
    entry.type === "directory" ? 2 : 1,
    0, // mtime: the same input gives the same archive
    data.length,
    0, // device of the file itself, major and minor
    0,
    ...device,
    name.length,
    0, // checksum, unused by this format
  ];
  const head = Buffer.concat([Buffer.from(`070701${header.map((value) => field(value ?? 0)).join("")}`), name]);
  return [head, padding(head.length), data, padding(data.length)];
}

/**
 * The archive of the entries in their order, uncompressed: unpacking costs the guest instructions, so whoever sends it
 * over a network compresses it for the way only.
 * @param {Entry[]} entries
 * @returns {Buffer}
 * @throws {Error} If a member's folder is not an entry before it, or a name comes twice.
 */
export function writeCpio(entries) {
  const known = new Set([""]);
  const folders = new Set([""]);
  for (const { path, type } of entries) {
    const parent = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
    if (!folders.has(parent)) throw new Error(`${path}: its folder is not in the archive before it`);
    if (known.has(path)) throw new Error(`${path}: twice in the archive`);
    known.add(path);
    if (type === "directory") folders.add(path);
  }
  /** @type {Entry} */
  const trailer = { path: "TRAILER!!!", mode: 0, type: "file", data: new Uint8Array(0) };
  const chunks = entries.flatMap((entry, index) => member(entry, index + 1));
  // The trailer has no file type and inode 0, as cpio writes it.
  const end = member(trailer, 0);
  end[0]?.write(field(0), 14, "latin1");
  const archive = Buffer.concat([...chunks, ...end]);
  return Buffer.concat([archive, Buffer.alloc((512 - (archive.length % 512)) % 512)]);
}
