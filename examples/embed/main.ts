/**
 * Two machines through the package, a third in a frame. `?site=` is where a built site of Armlet is, whose guests all of them
 * run: `npm start` in the clone serves one at the address that is taken without it.
 */
import { compileEngine, FailureError, MachineFrame, VirtualMachine } from "armlet";
import { Console } from "./console";

const site = new URL(new URLSearchParams(location.search).get("site") ?? "http://localhost:5173/");

/** The part of a site's guest/manifest.json that is used here. */
interface Manifest {
  readonly args: string;
}

async function run(): Promise<void> {
  const response = await fetch(new URL("guest/manifest.json", site));
  const { args } = (await response.json()) as Manifest;
  // Compiled once, for both.
  const engine = await compileEngine();
  await Promise.all([
    runHere("one", new VirtualMachine({ args, baseUrl: site, engine })),
    runHere("two", new VirtualMachine({ args: args.replace(/-m \d+/, "-m 128"), baseUrl: site, engine })),
    runFramed("three"),
  ]);
}

/** A machine of this page's own. */
async function runHere(id: string, vm: VirtualMachine): Promise<void> {
  const shown = new Console(section(id), (line) => vm.serial.write(`${line}\r`));
  const decoder = new TextDecoder();
  vm.serial.onData((bytes) => shown.print(decoder.decode(bytes, { stream: true })));
  vm.on("prompt", () => shown.ready());
  try {
    await vm.start();
  } catch (error) {
    shown.print(error instanceof FailureError ? `${error.failure.message} ${error.failure.advice}` : String(error));
  }
}

/** A machine on a page of another site. */
async function runFramed(id: string): Promise<void> {
  const element = document.createElement("iframe");
  element.src = new URL(`embed.html?origin=${encodeURIComponent(location.origin)}`, site).href;
  element.title = "A machine";
  section(id).append(element);
  const frame = new MachineFrame(element);
  const shown = new Console(section(id), (line) => void frame.call("write", { text: `${line}\r` }));
  frame.on("output", ({ text }) => shown.print(text));
  await frame.call("prompt");
  shown.ready();
}

function section(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`There is no #${id}.`);
  return element;
}

await run();
