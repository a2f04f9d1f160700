/**
 * Floating-point vector instructions: sz selects single or double precision, Q 64 or 128 bits. Where the host's vectors
 * have no answer, lane by lane.
 */
import { Rd, Rm, Rn, vreg } from "./fields";
import { Element, isDouble, setScalar } from "./fp-element";
import { HostLanes, loadLanes } from "./simd-fp-host";

/** Bytes of a vector by Q. */
export function lanesEnd(insn: u32): usize {
  return (insn & (1 << 30)) != 0 ? 16 : 8;
}

/** The operation is a constant at every call, so that only its own code is left in a handler. */
export class Lanes {
  @inline static unary(cpu: usize, insn: u32, op: u32): void {
    const n = vreg(cpu, Rn(insn));
    if (HostLanes.unary(cpu, insn, op, loadLanes(n, insn))) return;
    const d = vreg(cpu, Rd(insn));
    if (isDouble(insn)) {
      store<u64>(d, Element.unary<u64>(cpu, op, load<u64>(n)));
      store<u64>(d, Element.unary<u64>(cpu, op, load<u64>(n, 8)), 8);
      return;
    }
    const end = lanesEnd(insn);
    for (let i: usize = 0; i < end; i += 4) store<u32>(d + i, Element.unary<u32>(cpu, op, load<u32>(n + i)));
    if (end == 8) store<u64>(d, 0, 8);
  }

  @inline static binary(cpu: usize, insn: u32, op: u32): void {
    const n = vreg(cpu, Rn(insn));
    const m = vreg(cpu, Rm(insn));
    if (HostLanes.binary(cpu, insn, op, loadLanes(n, insn), loadLanes(m, insn))) return;
    const d = vreg(cpu, Rd(insn));
    if (isDouble(insn)) {
      store<u64>(d, Element.binary<u64>(cpu, op, load<u64>(n), load<u64>(m)));
      store<u64>(d, Element.binary<u64>(cpu, op, load<u64>(n, 8), load<u64>(m, 8)), 8);
      return;
    }
    const end = lanesEnd(insn);
    for (let i: usize = 0; i < end; i += 4) {
      store<u32>(d + i, Element.binary<u32>(cpu, op, load<u32>(n + i), load<u32>(m + i)));
    }
    if (end == 8) store<u64>(d, 0, 8);
  }

  /** The second operand is +0.0. */
  @inline static withZero(cpu: usize, insn: u32, op: u32): void {
    const n = vreg(cpu, Rn(insn));
    if (HostLanes.binary(cpu, insn, op, loadLanes(n, insn), i64x2.splat(0))) return;
    const d = vreg(cpu, Rd(insn));
    if (isDouble(insn)) {
      store<u64>(d, Element.binary<u64>(cpu, op, load<u64>(n), 0));
      store<u64>(d, Element.binary<u64>(cpu, op, load<u64>(n, 8), 0), 8);
      return;
    }
    const end = lanesEnd(insn);
    for (let i: usize = 0; i < end; i += 4) store<u32>(d + i, Element.binary<u32>(cpu, op, load<u32>(n + i), 0));
    if (end == 8) store<u64>(d, 0, 8);
  }

  /** V[d] += V[n] * V[m], or with `negate` -= . */
  @inline static mulAdd(cpu: usize, insn: u32, negate: bool): void {
    const n = vreg(cpu, Rn(insn));
    const m = vreg(cpu, Rm(insn));
    const d = vreg(cpu, Rd(insn));
    if (HostLanes.mulAdd(cpu, insn, loadLanes(d, insn), loadLanes(n, insn), loadLanes(m, insn), negate)) return;
    if (isDouble(insn)) {
      store<u64>(d, Element.mulAdd<u64>(cpu, load<u64>(d), load<u64>(n), load<u64>(m), negate));
      store<u64>(d, Element.mulAdd<u64>(cpu, load<u64>(d, 8), load<u64>(n, 8), load<u64>(m, 8), negate), 8);
      return;
    }
    const end = lanesEnd(insn);
    for (let i: usize = 0; i < end; i += 4) {
      store<u32>(d + i, Element.mulAdd<u32>(cpu, load<u32>(d + i), load<u32>(n + i), load<u32>(m + i), negate));
    }
    if (end == 8) store<u64>(d, 0, 8);
  }

  /** Neighbours in V[m]:V[n] combined. */
  @inline static pairwise(cpu: usize, insn: u32, op: u32): void {
    const n = vreg(cpu, Rn(insn));
    const m = vreg(cpu, Rm(insn));
    const d = vreg(cpu, Rd(insn));
    if (isDouble(insn)) {
      const low = Element.binary<u64>(cpu, op, load<u64>(n), load<u64>(n, 8));
      const high = Element.binary<u64>(cpu, op, load<u64>(m), load<u64>(m, 8));
      store<u64>(d, low);
      store<u64>(d, high, 8);
      return;
    }
    const r0 = Element.binary<u32>(cpu, op, load<u32>(n), load<u32>(n, 4));
    if (lanesEnd(insn) == 8) {
      const r1 = Element.binary<u32>(cpu, op, load<u32>(m), load<u32>(m, 4));
      store<u64>(d, <u64>r0 | ((<u64>r1) << 32));
      store<u64>(d, 0, 8);
      return;
    }
    const r1 = Element.binary<u32>(cpu, op, load<u32>(n, 8), load<u32>(n, 12));
    const r2 = Element.binary<u32>(cpu, op, load<u32>(m), load<u32>(m, 4));
    const r3 = Element.binary<u32>(cpu, op, load<u32>(m, 8), load<u32>(m, 12));
    store<u64>(d, <u64>r0 | ((<u64>r1) << 32));
    store<u64>(d, <u64>r2 | ((<u64>r3) << 32), 8);
  }

  /** Four single precision elements to one as Reduce() does: neighbours first. */
  @inline static reduce(cpu: usize, insn: u32, op: u32): void {
    const n = vreg(cpu, Rn(insn));
    const low = Element.binary<u32>(cpu, op, load<u32>(n), load<u32>(n, 4));
    const high = Element.binary<u32>(cpu, op, load<u32>(n, 8), load<u32>(n, 12));
    setScalar<u32>(cpu, Rd(insn), Element.binary<u32>(cpu, op, low, high));
  }
}
