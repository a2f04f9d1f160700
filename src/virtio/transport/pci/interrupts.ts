/** How a virtio function interrupts (virtio 1.4, 4.1.4.5 and 4.1.5.1): the ISR status with the pin, or MSI-X vectors. */
import type { PciFunction } from "../../../pci/function.ts";
import type { Fact } from "../../inspection.ts";
import { PCI_ISR_CONFIG, PCI_ISR_QUEUE, VIRTIO_MSI_NO_VECTOR } from "../../spec/pci.ts";
import type { StateReader } from "../../state.ts";
import type { Virtqueue } from "../../virtqueue.ts";

/** As saved, in the transport's own section. */
export interface InterruptState {
  readonly isr: number;
  readonly configVector: number;
  readonly queueVectors: readonly number[];
}

export class PciInterrupts {
  private readonly target: PciFunction;
  private isr = 0;
  private configVectorNumber = VIRTIO_MSI_NO_VECTOR;
  private queueVectors = new Uint16Array(0);

  constructor(target: PciFunction) {
    this.target = target;
  }

  /** The device is plugged in: each of its queues may have a vector. */
  plug(queues: number): void {
    this.queueVectors = new Uint16Array(queues).fill(VIRTIO_MSI_NO_VECTOR);
  }

  /** The MSI-X vector of configuration changes; one that is not there becomes none. */
  get configVector(): number {
    return this.configVectorNumber;
  }

  set configVector(vector: number) {
    this.configVectorNumber = this.mapped(vector);
  }

  queueVector(queue: Virtqueue): number {
    return this.queueVectors[queue.index] ?? VIRTIO_MSI_NO_VECTOR;
  }

  setQueueVector(queue: Virtqueue, vector: number): void {
    this.queueVectors[queue.index] = this.mapped(vector);
  }

  private mapped(vector: number): number {
    return vector < (this.target.msix?.vectors ?? 0) ? vector : VIRTIO_MSI_NO_VECTOR;
  }

  /** ISR status: reading clears it and lowers the interrupt (4.1.4.5). */
  takeIsr(): number {
    const { isr } = this;
    this.isr = 0;
    this.target.setInterrupt(false);
    return isr;
  }

  /** A used buffer on `queue`, or a configuration change. With MSI-X the queue bit stays clear (4.1.4.5.1). */
  signal(queue: Virtqueue | null): void {
    const { msixEnabled, msix } = this.target;
    if (queue === null) this.isr |= PCI_ISR_CONFIG;
    else if (!msixEnabled) this.isr |= PCI_ISR_QUEUE;
    this.target.setInterrupt(this.isr !== 0);
    const vector = queue === null ? this.configVector : this.queueVector(queue);
    if (msixEnabled && vector !== VIRTIO_MSI_NO_VECTOR) msix?.notify(vector);
  }

  /** Device reset. */
  reset(): void {
    this.isr = 0;
    this.configVectorNumber = VIRTIO_MSI_NO_VECTOR;
    this.queueVectors.fill(VIRTIO_MSI_NO_VECTOR);
    this.target.setInterrupt(false);
  }

  /** For whoever looks at the device; `queues` are those in use. */
  inspect(queues: readonly Virtqueue[]): readonly Fact[] {
    const { msix, msixEnabled, busMaster } = this.target;
    const vector = (number: number): string => (number === VIRTIO_MSI_NO_VECTOR ? "none" : String(number));
    const facts: Fact[] = [
      { name: "Interrupts", value: msixEnabled ? "MSI-X" : "INTx pin" },
      { name: "ISR status", value: `0x${this.isr.toString(16)}` },
      { name: "Bus master", value: busMaster ? "on" : "off" },
    ];
    if (msix === null || !msixEnabled) return facts;
    return [
      ...facts,
      { name: "MSI-X vectors", value: String(msix.vectors) },
      { name: "Configuration vector", value: vector(this.configVector) },
      { name: "Queue vectors", value: queues.map((queue) => vector(this.queueVector(queue))).join(" ") },
    ];
  }

  save(): InterruptState {
    return { isr: this.isr, configVector: this.configVector, queueVectors: Array.from(this.queueVectors) };
  }

  /** Takes a saved state; the function's own is loaded before. */
  load(state: StateReader): void {
    this.isr = state.integer("isr", 0, PCI_ISR_QUEUE | PCI_ISR_CONFIG);
    this.configVector = state.integer("configVector", 0, 0xffff);
    state.integers("queueVectors", this.queueVectors.length, 0xffff).forEach((vector, index) => {
      this.queueVectors[index] = this.mapped(vector);
    });
    this.target.setInterrupt(this.isr !== 0);
  }
}
