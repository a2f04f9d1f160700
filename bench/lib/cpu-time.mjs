// @ts-check
/**
 * Processor time of threads and processes as Linux counts it (proc(5)). It does not grow while another program has the
 * core: figures of a busy machine are comparable with those of a quiet one.
 */
import { readdirSync, readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";

/** Names of threads are cut to 15 characters (prctl(2), PR_SET_NAME); in full: "DedicatedWorker thread". */
const WORKER_THREAD = "DedicatedWorker";
/** Ticks of /proc/PID/stat a second: USER_HZ, 100 on every architecture Linux has had a port of Node for. */
const USER_HZ = 100;

/**
 * Seconds that a thread ran, and seconds it was ready to run and had no core. Exact while the thread sleeps; while it
 * runs the figure may be one scheduler tick (4 ms) old.
 * @param {number} pid @param {number} tid @returns {{ ran: number, waited: number }}
 */
export function threadSeconds(pid, tid) {
  const [ran = 0, waited = 0] = readFileSync(`/proc/${pid}/task/${tid}/schedstat`, "utf8").split(" ").map(Number);
  return { ran: ran / 1e9, waited: waited / 1e9 };
}

/** Seconds that all threads of a process ran, also those that ended; in steps of 10 ms. @param {number} pid */
export function processSeconds(pid) {
  // The second field is the program's name in brackets and may hold anything.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / USER_HZ;
}

/** Threads of dedicated workers in a process, none if it has ended. @param {number} pid @returns {number[]} */
export function workerThreads(pid) {
  const folder = `/proc/${pid}/task`;
  return orNone(() => {
    const threads = readdirSync(folder).map(Number);
    return threads.filter((tid) => readFileSync(`${folder}/${tid}/comm`, "utf8").trim() === WORKER_THREAD);
  });
}

/** What is read of a process or a thread, nothing if it has ended. @template T @param {() => T[]} read @returns {T[]} */
function orNone(read) {
  try {
    return read();
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === "ENOENT" || code === "ESRCH") return [];
    throw error;
  }
}

/** The times of all threads of a process, by thread; none if it has ended. @param {number} pid @returns {Map<number, ReturnType<typeof threadSeconds>>} */
export function threadTimes(pid) {
  /** @type {Map<number, ReturnType<typeof threadSeconds>>} */
  const times = new Map();
  for (const tid of orNone(() => readdirSync(`/proc/${pid}/task`).map(Number))) {
    // A thread may end while the others are looked at.
    for (const time of orNone(() => [threadSeconds(pid, tid)])) times.set(tid, time);
  }
  return times;
}

/** What the figures were measured on, one line. */
export function machineLine() {
  const [cpu] = cpus();
  const load = loadavg()[0] ?? 0;
  return `${cpu?.model.trim() ?? "unknown processor"}, ${cpus().length} cores, load ${load.toFixed(1)}, Node ${process.versions.node}`;
}
