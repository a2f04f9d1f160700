/** A console as simple as can be: what the guest says, and a line to type. A real page takes xterm.js. */
export class Console {
  readonly #output = document.createElement("pre");
  readonly #input = document.createElement("input");
  readonly #button = document.createElement("button");

  /** `send` gets each line that is typed. */
  constructor(parent: HTMLElement, send: (line: string) => void) {
    const form = document.createElement("form");
    this.#input.setAttribute("aria-label", "Command");
    this.#input.disabled = true;
    this.#button.textContent = "Run";
    this.#button.disabled = true;
    this.#output.tabIndex = 0;
    form.append(this.#input, this.#button);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(this.#input.value);
      this.#input.value = "";
    });
    parent.append(this.#output, form);
  }

  print(text: string): void {
    // Colours and cursor movements are left out.
    const plain = text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "").replaceAll("\r", "");
    this.#output.append(plain);
    this.#output.scrollTop = this.#output.scrollHeight;
  }

  /** The guest takes commands. */
  ready(): void {
    this.#input.disabled = false;
    this.#button.disabled = false;
  }
}
