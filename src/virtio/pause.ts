/** The standstill of a device in which its state can be saved: it takes no requests up, and those that it has have ended. */
export class Pause {
  private readonly isIdle: () => boolean;
  private on = false;
  private readonly waiting: (() => void)[] = [];

  /** `isIdle`: no request is in flight. */
  constructor(isIdle: () => boolean) {
    this.isIdle = isIdle;
  }

  /** No request is to be taken up. */
  get active(): boolean {
    return this.on;
  }

  /** From now on. Resolves when nothing is in flight. */
  begin(): Promise<void> {
    this.on = true;
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.check();
    });
  }

  /** To be called whenever a request is no longer in flight, however that came. */
  check(): void {
    if (this.waiting.length === 0 || !this.isIdle()) return;
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  /** Requests may be taken up again. */
  end(): void {
    this.on = false;
  }
}
