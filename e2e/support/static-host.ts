/** Another static host than the tests' own: a process of its own, on a port that is free. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../scripts/serve-site.mjs", import.meta.url));

export interface StaticHost {
  readonly port: number;
  end(): void;
}

/** Starts it with further options of scripts/serve-site.mjs; resolves when it listens. */
export async function startStaticHost(...options: readonly string[]): Promise<StaticHost> {
  const child: ChildProcess = spawn(process.execPath, [program, "--port", "0", ...options], { stdio: "pipe" });
  const port = await new Promise<number>((resolve, reject) => {
    let said = "";
    const hear = (bytes: Buffer): void => {
      said += bytes.toString();
      const address = /^http:\/\/\S+:(\d+)\/\S*\n/m.exec(said);
      if (address !== null) resolve(Number(address[1]));
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
    child.once("close", (status) => reject(new Error(`the host ended with status ${status}: ${said}`)));
  });
  return { port, end: () => void child.kill() };
}
