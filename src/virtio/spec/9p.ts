/**
 * 9P transport device (Linux include/uapi/linux/virtio_9p.h; the OASIS text only reserves its ID) and the protocol that
 * goes through it: 9P2000.L, as diod's protocol.md and Linux include/net/9p/9p.h have it.
 */

export const VIRTIO_9P_MOUNT_TAG = 0;

/** struct virtio_9p_config: tag_len u16, tag without a NUL. */
export const P9_CONFIG_TAG_LEN = 0;
export const P9_CONFIG_TAG = 2;

/** size u32, type u8, tag u16. */
export const P9_HEADER_SIZE = 7;
/** size, type, tag, ecode u32: the shortest answer that can refuse a request. */
export const P9_RLERROR_SIZE = 11;
export const P9_RLERROR = 7;
/** Room for the header of Tread, Twrite and their answers, which Linux leaves in each message. */
export const P9_IOHDRSZ = 24;

export const P9_NOTAG = 0xffff;
export const P9_NOFID = 0xffff_ffff;
export const P9_NONUNAME = 0xffff_ffff;
export const P9_MAXWELEM = 16;
export const P9_VERSION = "9P2000.L";
export const P9_VERSION_UNKNOWN = "unknown";

/** Types of files in a qid. */
export const P9_QTDIR = 0x80;
export const P9_QTSYMLINK = 0x02;
export const P9_QTFILE = 0x00;

/** Bits of Tgetattr's request_mask and Rgetattr's valid. */
export const P9_GETATTR_BASIC = 0x7ff;

/** Bits of Tsetattr's valid. */
export const P9_SETATTR_MODE = 0x001;
export const P9_SETATTR_UID = 0x002;
export const P9_SETATTR_GID = 0x004;
export const P9_SETATTR_SIZE = 0x008;
export const P9_SETATTR_ATIME = 0x010;
export const P9_SETATTR_MTIME = 0x020;
export const P9_SETATTR_CTIME = 0x040;
export const P9_SETATTR_ATIME_SET = 0x080;
export const P9_SETATTR_MTIME_SET = 0x100;

/** Flags of Tlopen and Tlcreate: Linux's O_ flags as x86 has them, whatever the guest is. */
export const P9_DOTL_ACCMODE = 0o3;
export const P9_DOTL_RDONLY = 0o0;
export const P9_DOTL_WRONLY = 0o1;
export const P9_DOTL_RDWR = 0o2;
export const P9_DOTL_EXCL = 0o200;
export const P9_DOTL_TRUNC = 0o1000;
export const P9_DOTL_APPEND = 0o2000;
export const P9_DOTL_DIRECTORY = 0o200000;

/** The one flag of Tunlinkat. */
export const P9_DOTL_AT_REMOVEDIR = 0x200;

export const P9_LOCK_TYPE_RDLCK = 0;
export const P9_LOCK_TYPE_WRLCK = 1;
export const P9_LOCK_TYPE_UNLCK = 2;
export const P9_LOCK_SUCCESS = 0;
export const P9_LOCK_FLAGS_BLOCK = 1;

/** Flags of Txattrcreate: XATTR_CREATE, XATTR_REPLACE. */
export const P9_XATTR_CREATE = 1;
export const P9_XATTR_REPLACE = 2;

/** f_type of Rstatfs. */
export const V9FS_MAGIC = 0x0102_1997;

/** Bits of a file's mode, as Linux's stat has them. */
export const S_IFMT = 0o170000;
export const S_IFSOCK = 0o140000;
export const S_IFLNK = 0o120000;
export const S_IFREG = 0o100000;
export const S_IFBLK = 0o060000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;
export const S_IFIFO = 0o010000;
/** Permissions with set-user-ID, set-group-ID and sticky bit. */
export const S_PERMISSIONS = 0o7777;

/** Linux's error numbers, as Rlerror has them (include/uapi/asm-generic/errno-base.h and errno.h). */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  EBADF: 9,
  ENOMEM: 12,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  EXDEV: 18,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ETXTBSY: 26,
  EFBIG: 27,
  ENOSPC: 28,
  EROFS: 30,
  EMLINK: 31,
  ERANGE: 34,
  ENAMETOOLONG: 36,
  ENOTEMPTY: 39,
  ELOOP: 40,
  ENODATA: 61,
  EILSEQ: 84,
  EMSGSIZE: 90,
  EOPNOTSUPP: 95,
  ESTALE: 116,
  EDQUOT: 122,
} as const;

export type ErrnoName = keyof typeof ERRNO;
