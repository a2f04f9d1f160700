/** Slow paths of guest loads and stores: TLB misses, page crossings, devices, pages with decoded code. */
import { codeStored, hasCode } from "../cpu/code-frame";
import { faulted } from "../cpu/exception";
import { CPU_EL, CPU_INDEX, CPU_SCTLR_EL1, CPU_STATS } from "../cpu/state";
import { gicContains, gicRead, gicWrite } from "../gic/gic";
import { bus_read, bus_read_high, bus_write } from "../host";
import { CPU_STAT_TLB_MISSES } from "../jit/limits";
import { GUEST_ERROR_NO_DEVICE } from "../lib/guest-error";
import { reportGuestError } from "../lib/report-guest-error";
import { ACCESS_READ, ACCESS_WRITE, FAULT_ALIGNMENT, FAULT_EXTERNAL, ISS_WNR } from "./fault";
import { hostAddress } from "./ram";
import { mayStore, regionMayStore, spoilsRegion, storesAreSeen } from "./store-log";
import { PAGE_MASK, TLB_INVALID, TLB_READ, TLB_WRITE, fillTlb, tlbTag } from "./tlb";
import { abortData, translate, translatedAddress, translatedAttributes, tryTranslate } from "./translate";
import { ATTR_NG, ATTR_R0, ATTR_R1, ATTR_W0, ATTR_W1 } from "./walk";
import { isDevice } from "./physical";

/** SCTLR_EL1.A: alignment checks of all accesses. The first-level TLB stays empty then, so that slow paths see them all. */
export function alignmentChecked(cpu: usize): bool {
  return (load<u64>(cpu, CPU_SCTLR_EL1) & 2) != 0;
}

/** True, with the abort raised, when SCTLR_EL1.A demands that `va` is a multiple of `size`, a power of two, and it is not. */
export function misaligned(cpu: usize, va: u64, size: u32, isWrite: bool): bool {
  if (!alignmentChecked(cpu) || (va & <u64>(size - 1)) == 0) return false;
  abortData(cpu, va, isWrite ? FAULT_ALIGNMENT | ISS_WNR : FAULT_ALIGNMENT);
  return true;
}

/**
 * Puts the page just translated for `access` into the first-level TLB; for the other kind of access too where that displaces nothing, or,
 * after a load, what went with the page that the load displaces: pages are mostly read before they are written, and two pages that
 * are copied from and to stay apart.
 */
function fill(cpu: usize, va: u64, host: usize, el: u32, access: u32): void {
  if (alignmentChecked(cpu)) return;
  const misses = cpu + ((<usize>CPU_STAT_TLB_MISSES) << 3);
  store<u64>(misses, load<u64>(misses, CPU_STATS) + 1, CPU_STATS);
  const attrs = translatedAttributes(cpu);
  const page = va & PAGE_MASK;
  const addend = <u32>(host & ~0xfff) - <u32>page;
  const isPrivate = (attrs & ATTR_NG) != 0;
  const readable = (attrs & (el != 0 ? ATTR_R1 : ATTR_R0)) != 0;
  const writable = (attrs & (el != 0 ? ATTR_W1 : ATTR_W0)) != 0 && !hasCode(host) && !storesAreSeen();
  const isWrite = access == ACCESS_WRITE;
  const inRead = tlbTag(cpu, TLB_READ, el, page);
  const inWrite = tlbTag(cpu, TLB_WRITE, el, page);
  if (readable && (!isWrite || inRead == TLB_INVALID)) fillTlb(cpu, TLB_READ, el, page, addend, isPrivate);
  if (writable && (isWrite || inWrite == TLB_INVALID || inWrite == inRead))
    fillTlb(cpu, TLB_WRITE, el, page, addend, isPrivate);
}

/** Zero-extended load of `size` bytes (1, 2, 4, 8) at `va` with the permissions of `el`; 0 when it faulted. */
export function loadSlow(cpu: usize, va: u64, size: u32, el: u32): u64 {
  if (alignmentChecked(cpu) && (va & <u64>(size - 1)) != 0) {
    abortData(cpu, va, FAULT_ALIGNMENT);
    return 0;
  }
  if ((va & 0xfff) + size > 0x1000) return loadAcross(cpu, va, size, el);
  if (!translate(cpu, va, ACCESS_READ, el)) return 0;
  const pa = translatedAddress(cpu);
  const host = hostAddress(pa, <u64>size);
  if (host != 0) {
    fill(cpu, va, host, el, ACCESS_READ);
    switch (size) {
      case 1:
        return <u64>load<u8>(host);
      case 2:
        return <u64>load<u16>(host);
      case 4:
        return <u64>load<u32>(host);
      default:
        return load<u64>(host);
    }
  }
  if (spoilsRegion(cpu)) return 0;
  if (gicContains(pa)) return gicRead(load<u32>(cpu, CPU_INDEX), pa, size);
  if (!isDevice(pa)) {
    reportGuestError(GUEST_ERROR_NO_DEVICE, pa);
    // An unaligned load goes over the bus as aligned ones, of which the first is answered so; a store goes byte by byte.
    abortData(cpu, va & ~(<u64>size - 1), FAULT_EXTERNAL);
    return 0;
  }
  const low = <u64>bus_read(<u32>pa, <u32>(pa >> 32), size);
  return size == 8 ? low | ((<u64>bus_read_high()) << 32) : low;
}

/** A load over the end of a page: the two aligned ones that it lies in, as a bus would see it. */
function loadAcross(cpu: usize, va: u64, size: u32, el: u32): u64 {
  if (!translate(cpu, va, ACCESS_READ, el)) return 0;
  const first = va & ~(<u64>size - 1);
  const low = loadSlow(cpu, first, size, el);
  if (faulted(cpu)) return 0;
  const high = loadSlow(cpu, first + <u64>size, size, el);
  if (faulted(cpu)) return 0;
  const shift = (va & (<u64>size - 1)) << 3;
  const value = (low >> shift) | (high << (((<u64>size) << 3) - shift));
  return size == 8 ? value : value & ((1 << ((<u64>size) << 3)) - 1);
}

/** Store of the low `size` bytes of `value`; nothing is stored when it faulted. */
export function storeSlow(cpu: usize, va: u64, value: u64, size: u32, el: u32): void {
  if (alignmentChecked(cpu) && (va & <u64>(size - 1)) != 0) {
    abortData(cpu, va, FAULT_ALIGNMENT | ISS_WNR);
    return;
  }
  if ((va & 0xfff) + size > 0x1000) {
    storeAcross(cpu, va, value, size, el);
    return;
  }
  if (!translate(cpu, va, ACCESS_WRITE, el)) return;
  const pa = translatedAddress(cpu);
  const host = hostAddress(pa, <u64>size);
  if (host != 0) {
    if (storesAreSeen() && !mayStore(cpu, host, size)) return;
    if (hasCode(host)) codeStored(host, size);
    fill(cpu, va, host, el, ACCESS_WRITE);
    switch (size) {
      case 1:
        store<u8>(host, <u8>value);
        break;
      case 2:
        store<u16>(host, <u16>value);
        break;
      case 4:
        store<u32>(host, <u32>value);
        break;
      default:
        store<u64>(host, value);
    }
    return;
  }
  if (spoilsRegion(cpu)) return;
  if (gicContains(pa)) {
    gicWrite(load<u32>(cpu, CPU_INDEX), pa, size, value);
  } else if (isDevice(pa)) {
    bus_write(<u32>pa, <u32>(pa >> 32), size, <u32>value, <u32>(value >> 32));
  } else {
    reportGuestError(GUEST_ERROR_NO_DEVICE, pa);
    abortData(cpu, va, FAULT_EXTERNAL | ISS_WNR);
  }
}

function storeAcross(cpu: usize, va: u64, value: u64, size: u32, el: u32): void {
  const last = va + <u64>(size - 1);
  if (!translate(cpu, va, ACCESS_WRITE, el) || !translate(cpu, last & PAGE_MASK, ACCESS_WRITE, el)) return;
  for (let i: u32 = 0; i < size; i++) storeSlow(cpu, va + <u64>i, (value >> <u64>(i << 3)) & 0xff, 1, el);
}

/** `how` of hostForCompiled: a store; with EL0's permissions. The number of bytes stands above. */
export const HOST_WRITE: u32 = 1;
export const HOST_UNPRIVILEGED: u32 = 2;
/** Several accesses will be made there, or none: only where the bytes are in one page of RAM, without code that a store would change. */
export const HOST_SHARED: u32 = 1 << 31;

/** The bytes of a load that lies in two pages. */
const across = memory.data(64, 16);

/**
 * For compiled code, whose inline check has failed: linear-memory address of the bytes at `va` that `how` says, those of a load over
 * the end of a page in a copy; 0, with nothing changed, when the access is not one of RAM that is allowed, or a store over the end of
 * a page. The interpreter does that one then, and raises what there is to raise.
 */
export function hostForCompiled(cpu: usize, va: u64, how: u32): usize {
  const size = (how & ~HOST_SHARED) >> 2;
  if (alignmentChecked(cpu)) return 0;
  const access = (how & HOST_WRITE) != 0 ? ACCESS_WRITE : ACCESS_READ;
  const el: u32 = (how & HOST_UNPRIVILEGED) != 0 ? 0 : load<u32>(cpu, CPU_EL);
  const first: u32 = 0x1000 - (<u32>va & 0xfff);
  const isShared = (how & HOST_SHARED) != 0;
  if (first >= size) return hostInPage(cpu, va, size, access, el, isShared);
  if (access == ACCESS_WRITE || isShared) return 0;
  const low = hostInPage(cpu, va, first, access, el, false);
  const high = low != 0 ? hostInPage(cpu, va + <u64>first, size - first, access, el, false) : 0;
  if (high == 0) return 0;
  memory.copy(across, low, first);
  memory.copy(across + first, high, size - first);
  return across;
}
function hostInPage(cpu: usize, va: u64, size: u32, access: u32, el: u32, isShared: bool): usize {
  if (tryTranslate(cpu, va, access, el) != 0) return 0;
  const host = hostAddress(translatedAddress(cpu), <u64>size);
  if (host == 0) return 0;
  if (access == ACCESS_WRITE) {
    if (isShared && hasCode(host)) return 0;
    if (storesAreSeen() && !regionMayStore(host, size)) return 0;
    if (hasCode(host)) codeStored(host, size);
  }
  fill(cpu, va, host, el, access);
  return host;
}
