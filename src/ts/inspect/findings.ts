/** What one dropped or chosen file can become. */
export const FILE_ROLES = ["disk", "cdrom", "kernel", "initrd", "dtb", "state"] as const;
export type FileRole = (typeof FILE_ROLES)[number];

/** A partition, as its table has it. */
export interface PartitionInfo {
  /** As Linux counts: 1 is vda1. 0 where the whole disk is one file system. */
  readonly number: number;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  /** GPT partition name, or the kind of an MBR partition; may be empty. */
  readonly name: string;
  /** "ext4", "vfat", "swap", "iso9660", …; null where it is not known. */
  readonly fileSystem: string | null;
  readonly label: string | null;
  readonly uuid: string | null;
}

/** An operating system that was found on a partition. */
export interface SystemInfo {
  /** "Debian GNU/Linux 12 (bookworm)", from its os-release. */
  readonly title: string;
  readonly partition: number;
  /** The processor its programs are for: "arm64", "arm", "x86-64", …; null where it cannot be told. */
  readonly architecture: string | null;
  /** Paths of the kernel and initrd that it would boot, newest first choice; null where none was found. */
  readonly kernelPath: string | null;
  readonly initrdPath: string | null;
}

/** What a file turned out to be, by its contents. */
export interface FileFindings {
  readonly role: FileRole | null;
  /** Containers from the outside in, such as `["xz", "qcow2"]`; empty for a plain file. */
  readonly formats: readonly string[];
  /** A sentence for people: "Debian GNU/Linux 12 on /dev/vda2, ext4". */
  readonly summary: string;
  /** Size of the disk inside; null where it is none, or only unpacking tells. */
  readonly diskSizeBytes: number | null;
  readonly partitionTable: "gpt" | "mbr" | null;
  readonly partitions: readonly PartitionInfo[];
  readonly system: SystemInfo | null;
  /** What `root=` should be for the kernel's command line, such as "/dev/vda2"; null where it is not known. */
  readonly root: string | null;
  /** Further words of the command line that the root needs, such as "rootflags=subvol=root"; mostly none. */
  readonly rootArguments: readonly string[];
  /** The image that the file holds only the changes to; null where it is whole. */
  readonly backing: BackingInfo | null;
}

/** The image below one that holds only changes. */
export interface BackingInfo {
  /** Its file's name, perhaps with a folder. */
  readonly name: string;
  /** Where it is, if that is on a server and the file says so; it need not be given then. */
  readonly url: string | null;
}
