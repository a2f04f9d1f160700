/** What a drag or a drop brought, once the folders are told from the files. */
export interface Dropped {
  readonly files: readonly File[];
  /** Names of folders: a machine can do nothing with them. */
  readonly folders: readonly string[];
}

/** What is known of one file while it is dragged. */
export interface DraggedFile {
  /** MIME type as the system has it; often empty. */
  readonly type: string;
}

export interface DropZoneHost {
  /** Files are over the page; called again when what is known of them changes. */
  over(files: readonly DraggedFile[]): void;
  /** They left, or were dropped. */
  left(): void;
  dropped(dropped: Dropped): void;
}

/** Makes all of the page take files. Text that is dragged around goes its usual ways. */
export class DropZone {
  readonly #host: DropZoneHost;
  #over = "";

  constructor(host: DropZoneHost) {
    this.#host = host;
    // Before anything else on the page, such as the terminal, makes something of them.
    window.addEventListener("dragenter", (event) => this.#onOver(event), { capture: true });
    window.addEventListener("dragover", (event) => this.#onOver(event), { capture: true });
    window.addEventListener("dragleave", (event) => {
      // Between two elements of the page there is a related one.
      if (event.relatedTarget === null) this.#leave();
    });
    window.addEventListener("drop", (event) => this.#onDrop(event), { capture: true });
  }

  #onOver(event: DragEvent): void {
    const transfer = event.dataTransfer;
    if (transfer === null || !transfer.types.includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    transfer.dropEffect = "copy";
    const files = [...transfer.items].filter(({ kind }) => kind === "file").map(({ type }) => ({ type }));
    const key = JSON.stringify(files);
    if (key === this.#over) return;
    this.#over = key;
    this.#host.over(files);
  }

  #onDrop(event: DragEvent): void {
    const transfer = event.dataTransfer;
    if (transfer === null || !transfer.types.includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    this.#leave();
    this.#host.dropped(sortDropped(transfer));
  }

  #leave(): void {
    if (this.#over === "") return;
    this.#over = "";
    this.#host.left();
  }
}

function sortDropped(transfer: DataTransfer): Dropped {
  const files: File[] = [];
  const folders: string[] = [];
  for (const item of transfer.items) {
    const file = item.kind === "file" ? item.getAsFile() : null;
    if (file === null) continue;
    if (item.webkitGetAsEntry()?.isDirectory === true) folders.push(file.name);
    else files.push(file);
  }
  return { files, folders };
}
