import { describe, expect, it } from "vitest";
import { MOST_RECENT_MACHINES, RecentMachines } from "./recent-machines.ts";

/** localStorage as far as the list uses it; `full` refuses to store. */
class FakeStorage implements Storage {
  readonly items = new Map<string, string>();
  full = false;

  get length(): number {
    return this.items.size;
  }

  clear(): void {
    this.items.clear();
  }

  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }

  key(index: number): string | null {
    return [...this.items.keys()][index] ?? null;
  }

  removeItem(key: string): void {
    this.items.delete(key);
  }

  setItem(key: string, value: string): void {
    if (this.full) throw new DOMException("full", "QuotaExceededError");
    this.items.set(key, value);
  }
}

const machine = (name: string, openedMs = 1) => ({ address: `?args=${name}`, title: name, openedMs, trusted: false });
const names = (recent: RecentMachines): string[] => recent.machines.map(({ title }) => title);

describe("RecentMachines", () => {
  it("has the newest first, each once, and no more than it should", () => {
    const storage = new FakeStorage();
    const recent = new RecentMachines(storage);
    for (let at = 0; at < MOST_RECENT_MACHINES + 3; at += 1) recent.add(machine(`m${at}`));
    recent.add(machine("m5", 99));
    expect(recent.machines).toHaveLength(MOST_RECENT_MACHINES);
    expect(names(recent).slice(0, 3)).toEqual(["m5", "m14", "m13"]);
    expect(names(new RecentMachines(storage))).toEqual(names(recent));
  });

  it("forgets one, and all without a trace", () => {
    const storage = new FakeStorage();
    const recent = new RecentMachines(storage);
    recent.add(machine("a"));
    recent.add(machine("b"));
    recent.remove("?args=a");
    expect(names(recent)).toEqual(["b"]);
    recent.clear();
    expect(recent.machines).toEqual([]);
    expect(storage.length).toBe(0);
  });

  it("does not lose what another tab added", () => {
    const storage = new FakeStorage();
    const [here, there] = [new RecentMachines(storage), new RecentMachines(storage)];
    there.add(machine("there"));
    here.add(machine("here"));
    expect(names(here)).toEqual(["here", "there"]);
  });

  it("keeps the list of the page where nothing can be stored", () => {
    const none = new RecentMachines(null);
    none.add(machine("a"));
    none.add(machine("b"));
    expect(names(none)).toEqual(["b", "a"]);
    expect(none.kept).toBe(false);
    const storage = new FakeStorage();
    const full = new RecentMachines(storage);
    storage.full = true;
    full.add(machine("a"));
    full.add(machine("b"));
    expect(names(full)).toEqual(["b", "a"]);
    expect(full.kept).toBe(false);
  });

  it.each([
    "nonsense",
    '{"address":"?args=a"}',
    '[null,1,"x",[],{"address":"?a","title":1,"openedMs":1,"trusted":false},{"address":"?a","title":"a","openedMs":null,"trusted":false},{"address":"?a","title":"a","openedMs":1}]',
    '[{"address":"javascript:alert(1)","title":"a","openedMs":1,"trusted":false}]',
    '[{"address":"https://evil.example/","title":"a","openedMs":1,"trusted":false}]',
    '[{"address":"?a#secret=1","title":"a","openedMs":1,"trusted":false}]',
  ])("takes nothing over that is not one of its own: %s", (stored) => {
    const storage = new FakeStorage();
    storage.setItem("armlet:recent", stored);
    expect(new RecentMachines(storage).machines).toEqual([]);
  });
});
