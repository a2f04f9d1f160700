/* Bulk copies and clears, dependent loads, address translation. */
#include <stdlib.h>
#include <string.h>

#include "vmbench.h"

enum { BIG = 16 << 20 };
static uint8_t *mem_a, *mem_b;
static void prepare_mem2(void) {
  mem_a = allocate(BIG);
  mem_b = allocate(BIG);
  memset(mem_a, 1, BIG);
  memset(mem_b, 2, BIG);
}
static void prepare_mem1(void) {
  mem_a = allocate(BIG);
  memset(mem_a, 1, BIG);
  mem_b = NULL;
}
static void finish_mem(void) {
  free(mem_a);
  free(mem_b);
}
static double run_memcpy(void) {
  memcpy(mem_b, mem_a, BIG);
  check = mem_b[BIG - 1];
  return 16;
}
static double run_memset(void) {
  static int v;
  memset(mem_a, ++v & 1, BIG);
  check = 0;
  return 16;
}
static double run_memcpy4k(void) {
  for (int i = 0; i < 256; i++) {
    memcpy(mem_b + (i & 1) * 64, mem_a + (i & 3) * 16, 4096);
    sink = mem_b[5];
  }
  check = 0;
  return 1;
}
static double run_memsum(void) {
  uint32_t s = 0;
  const uint32_t *p = (const uint32_t *)(void *)mem_a;
  for (int i = 0; i < BIG / 4; i += 4) s += p[i] ^ p[i + 1], s += p[i + 2] ^ (p[i + 3] >> 1);
  check = s;
  return 16;
}
/* Random pointer chase over a working set; unit: million dependent loads. */
static uint32_t *chase_p, chase_at;
static void chase_init(uint32_t bytes) {
  uint32_t n = bytes / 4;
  chase_p = allocate(bytes);
  for (uint32_t i = 0; i < n; i++) chase_p[i] = i;
  for (uint32_t i = n - 1; i > 0; i--) { /* Sattolo: one cycle through all */
    uint32_t j = next_random() % i, t = chase_p[i];
    chase_p[i] = chase_p[j];
    chase_p[j] = t;
  }
  chase_at = 0;
}
static void prepare_chase16k(void) { chase_init(16 << 10); }
static void prepare_chase1m(void) { chase_init(1 << 20); }
static void prepare_chase16m(void) { chase_init(16 << 20); }
static double run_chase(void) {
  uint32_t k = chase_at;
  for (int i = 0; i < 65536; i++) k = chase_p[k];
  chase_at = k;
  check = k;
  return 65536 / 1e6;
}
static void finish_chase(void) { free(chase_p); }
/* One byte in each 4 KiB page of 16 MiB: address translation; unit: million accesses. */
static double run_pages(void) {
  uint32_t s = 0;
  for (int r = 0; r < 8; r++)
    for (uint32_t i = 0; i < BIG; i += 4096) s += mem_a[i + (uint32_t)r * 64]++;
  check = 0;
  sink = s;
  return 8 * 4096 / 1e6;
}

const Benchmark memory_benchmarks[] = {
    {"mem.memcpy16m", "MB/s", prepare_mem2, run_memcpy, finish_mem},
    {"mem.memset16m", "MB/s", prepare_mem1, run_memset, finish_mem},
    {"mem.memcpy4k", "MB/s", prepare_mem2, run_memcpy4k, finish_mem},
    {"mem.sum16m", "MB/s", prepare_mem1, run_memsum, finish_mem},
    {"mem.chase16k", "Mload/s", prepare_chase16k, run_chase, finish_chase},
    {"mem.chase1m", "Mload/s", prepare_chase1m, run_chase, finish_chase},
    {"mem.chase16m", "Mload/s", prepare_chase16m, run_chase, finish_chase},
    {"mem.pages16m", "Macc/s", prepare_mem1, run_pages, finish_mem},
    END_OF_BENCHMARKS,
};
