/* Integer arithmetic, memory within the caches, calls. */
#include <stdlib.h>
#include <string.h>

#include "vmbench.h"

/* Dhrystone-like: records, strings, small calls. Unit: thousand loops. */
typedef struct rec {
  struct rec *next;
  int kind, en, val;
  char str[31];
} rec;
static rec rec_a, rec_b;
static int g_int, g_arr1[50], g_arr2[50][50];
static char g_ch1, g_ch2;

static NOINLINE int f_strcmp(const char *a, const char *b) {
  int i = 2;
  while (i <= 2) {
    if (a[i] == b[i + 1]) return 0;
    i++;
  }
  return strcmp(a, b) > 0;
}
static NOINLINE void p_rec(rec *p) {
  rec *n = p->next;
  *n = *p;
  p->val = 5;
  n->val = p->val;
  n->next = p->next;
  if (n->kind == 0) {
    n->val = 6;
    n->en = p->en == 2 ? 1 : p->en + 1;
    n->val += g_int;
  }
}
static NOINLINE int p_arr(int *a1, int (*a2)[50], int i, int v) {
  int loc = i + 5;
  a1[loc] = v;
  a1[loc + 1] = a1[loc];
  a1[loc + 30] = loc;
  for (int k = loc; k <= loc + 1; k++) a2[loc][k] = loc;
  a2[loc][loc - 1] += 1;
  a2[loc + 20][loc] = a1[loc];
  return g_int + a1[loc];
}
static NOINLINE char p_ch(char c) { return c == g_ch1 ? 'B' : (char)(c + 1); }

static double run_records(void) {
  char s1[31], s2[31];
  int i1 = 0, i2, i3 = 0;
  rec_a.next = &rec_b;
  rec_b.next = &rec_a;
  rec_a.kind = 0;
  rec_a.en = 2;
  strcpy(rec_a.str, "VMBENCH PROGRAM, SOME STRING");
  strcpy(s1, "VMBENCH PROGRAM, 1'ST STRING");
  for (int n = 1; n <= 20000; n++) {
    g_ch1 = 'A';
    g_ch2 = 'B';
    i1 = 2;
    i2 = 3;
    strcpy(s2, "VMBENCH PROGRAM, 2'ND STRING");
    int eq = !f_strcmp(s1, s2);
    while (i1 < i2) {
      i3 = 5 * i1 - i2;
      i1 += 1;
    }
    g_int = p_arr(g_arr1, g_arr2, i1, i3) & 0xff;
    p_rec(&rec_a);
    for (char c = 'A'; c <= g_ch2; c++)
      if (eq == (p_ch(c) == 'C')) {
        strcpy(s2, "VMBENCH PROGRAM, 3'RD STRING");
        i2 = n;
      }
    i2 = i2 * i1;
    i1 = i2 / (i3 ? i3 : 1);
    i2 = 7 * (i2 - i3) - i1;
  }
  check = (uint32_t)(g_int * 31 + i1 * 7 + i3) ^ (uint32_t)s2[17];
  return 20.0;
}

/* CRC-32 by table, MB. */
static uint8_t *crc_buf;
static uint32_t crc_tab[256];
static void prepare_crc(void) {
  crc_buf = allocate(1 << 18);
  for (int i = 0; i < 1 << 18; i++) crc_buf[i] = (uint8_t)next_random();
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int k = 0; k < 8; k++) c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
    crc_tab[i] = c;
  }
}
static double run_crc(void) {
  uint32_t c = ~0u;
  for (int i = 0; i < 1 << 18; i++) c = crc_tab[(c ^ crc_buf[i]) & 255] ^ (c >> 8);
  check = ~c;
  return 0.25;
}
static void finish_crc(void) { free(crc_buf); }

/* Quicksort, thousand keys. */
static uint32_t *sort_src, *sort_dst;
enum { NSORT = 16384 };
static void prepare_sort(void) {
  sort_src = allocate(NSORT * 4);
  sort_dst = allocate(NSORT * 4);
  for (int i = 0; i < NSORT; i++) sort_src[i] = next_random();
}
static NOINLINE void qs(uint32_t *a, int lo, int hi) {
  while (lo < hi) {
    uint32_t p = a[(lo + hi) >> 1];
    int i = lo, j = hi;
    while (i <= j) {
      while (a[i] < p) i++;
      while (a[j] > p) j--;
      if (i <= j) {
        uint32_t t = a[i];
        a[i++] = a[j];
        a[j--] = t;
      }
    }
    if (j - lo < hi - i) {
      qs(a, lo, j);
      lo = i;
    } else {
      qs(a, i, hi);
      hi = j;
    }
  }
}
static double run_sort(void) {
  memcpy(sort_dst, sort_src, NSORT * 4);
  qs(sort_dst, 0, NSORT - 1);
  uint32_t s = 0;
  for (int i = 0; i < NSORT; i += 97) s = s * 31 + sort_dst[i];
  check = s;
  return NSORT / 1000.0;
}
static void finish_sort(void) {
  free(sort_src);
  free(sort_dst);
}

/* 32-bit integer matrix product, million multiply-adds. */
enum { NMAT = 72 };
static int32_t mat_a[NMAT][NMAT], mat_b[NMAT][NMAT], mat_c[NMAT][NMAT];
static void prepare_matmul(void) {
  for (int i = 0; i < NMAT; i++)
    for (int j = 0; j < NMAT; j++) {
      mat_a[i][j] = (int32_t)(next_random() & 1023);
      mat_b[i][j] = (int32_t)(next_random() & 1023);
    }
}
static double run_matmul(void) {
  for (int i = 0; i < NMAT; i++)
    for (int j = 0; j < NMAT; j++) {
      int32_t s = 0;
      for (int k = 0; k < NMAT; k++) s += mat_a[i][k] * mat_b[k][j];
      mat_c[i][j] = s;
    }
  uint32_t s = 0;
  for (int i = 0; i < NMAT; i++) s = s * 31 + (uint32_t)mat_c[i][(i * 7) % NMAT];
  check = s;
  return NMAT * NMAT * (double)NMAT / 1e6;
}

/* 64-bit integer mixing (splitmix64), million steps. */
static double run_mix64(void) {
  uint64_t x = 1, a = 0;
  for (int i = 0; i < 300000; i++) {
    uint64_t z = (x += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    a += z ^ (z >> 31);
  }
  check = (uint32_t)(a ^ (a >> 32));
  return 0.3;
}

/* 32-bit division, million. */
static double run_div(void) {
  uint32_t x = 0xfffffff1u, s = 0;
  for (uint32_t i = 1; i < 100000; i++) {
    uint32_t d = (i & 1023) + 3;
    s += x / d + x % d;
    x = x * 1664525u + 1013904223u;
  }
  check = s;
  return 0.1;
}

/* Recursive calls, million. Two functions, so that no compiler turns the recursion into a loop. */
static uint32_t fib_b(uint32_t n);
static NOINLINE uint32_t fib(uint32_t n) { return n < 2 ? n : fib_b(n - 1) + fib_b(n - 2); }
static NOINLINE uint32_t fib_b(uint32_t n) { return n <= 1 ? n & 1 : fib(n - 2) + fib(n - 1); }
static volatile uint32_t fib_n = 22;
static double run_fib(void) {
  check = fib(fib_n);
  return 57313 / 1e6; /* calls made by fib(22) */
}

/* Indirect calls through a table of functions in random order, million. */
typedef uint32_t (*op_fn)(uint32_t, uint32_t);
static NOINLINE uint32_t o0(uint32_t a, uint32_t b) { return a + b; }
static NOINLINE uint32_t o1(uint32_t a, uint32_t b) { return a ^ (b << 3); }
static NOINLINE uint32_t o2(uint32_t a, uint32_t b) { return a - (b >> 2); }
static NOINLINE uint32_t o3(uint32_t a, uint32_t b) { return a * (b | 1); }
static NOINLINE uint32_t o4(uint32_t a, uint32_t b) { return (a >> 7) | (b << 9); }
static NOINLINE uint32_t o5(uint32_t a, uint32_t b) { return a & ~b; }
static NOINLINE uint32_t o6(uint32_t a, uint32_t b) { return a > b ? a : b + 1; }
static NOINLINE uint32_t o7(uint32_t a, uint32_t b) { return (a | 5) + (b & 0xff); }
static op_fn ind_tab[4096];
static void prepare_indirect(void) {
  static const op_fn o[8] = {o0, o1, o2, o3, o4, o5, o6, o7};
  for (int i = 0; i < 4096; i++) ind_tab[i] = o[next_random() & 7];
}
static double run_indirect(void) {
  uint32_t a = 1;
  for (int r = 0; r < 16; r++)
    for (uint32_t i = 0; i < 4096; i++) a = ind_tab[i](a, i);
  check = a;
  return 65536 / 1e6;
}

/* SHA-256, MB. */
static const uint32_t K256[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
    0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
    0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
    0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
    0xc67178f2};
#define ROR(x, n) (((x) >> (n)) | ((x) << (32 - (n))))
static NOINLINE void sha_block(uint32_t *h, const uint8_t *p) {
  uint32_t w[64], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], k = h[7];
  for (int i = 0; i < 16; i++)
    w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 | (uint32_t)p[4 * i + 2] << 8 | p[4 * i + 3];
  for (int i = 16; i < 64; i++)
    w[i] = w[i - 16] + w[i - 7] + (ROR(w[i - 15], 7) ^ ROR(w[i - 15], 18) ^ (w[i - 15] >> 3)) +
           (ROR(w[i - 2], 17) ^ ROR(w[i - 2], 19) ^ (w[i - 2] >> 10));
  for (int i = 0; i < 64; i++) {
    uint32_t t1 = k + (ROR(e, 6) ^ ROR(e, 11) ^ ROR(e, 25)) + ((e & f) ^ (~e & g)) + K256[i] + w[i];
    uint32_t t2 = (ROR(a, 2) ^ ROR(a, 13) ^ ROR(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    k = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
  }
  h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e, h[5] += f, h[6] += g, h[7] += k;
}
static double run_sha256(void) {
  static uint8_t buf[4096];
  static const uint32_t h0[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  uint32_t h[8];
  memcpy(h, h0, sizeof h);
  for (int i = 0; i < 4096; i++) buf[i] = (uint8_t)(i * 7);
  for (int r = 0; r < 32; r++)
    for (int i = 0; i < 4096; i += 64) sha_block(h, buf + i);
  check = h[0] ^ h[7];
  return 0.125;
}

/* LZ77 with hash chains, as in deflate level 6, MB of input. */
enum { LZN = 65536, LZH = 8192 };
static uint8_t *lz_src, *lz_out;
static int32_t *lz_head, *lz_prev;
static void prepare_lz(void) {
  lz_src = allocate(LZN);
  lz_out = allocate(LZN * 2);
  lz_head = allocate(LZH * 4);
  lz_prev = allocate(LZN * 4);
  write_text(lz_src, LZN);
}
static double run_lz(void) {
  uint32_t o = 0;
  for (int i = 0; i < LZH; i++) lz_head[i] = -1;
  for (int i = 0; i + 3 < LZN;) {
    uint32_t h = (((uint32_t)lz_src[i] << 10) ^ ((uint32_t)lz_src[i + 1] << 5) ^ lz_src[i + 2]) & (LZH - 1);
    int best = 2, dist = 0, max = LZN - i < 258 ? LZN - i : 258, tries = 32;
    for (int m = lz_head[h]; m >= 0 && i - m < 32768 && tries--; m = lz_prev[m])
      if (lz_src[m + best] == lz_src[i + best] && i + best < LZN) {
        int l = 0;
        while (l < max && lz_src[m + l] == lz_src[i + l]) l++;
        if (l > best) {
          best = l, dist = i - m;
          if (l == max) break;
        }
      }
    int adv = dist ? best : 1;
    if (dist) {
      lz_out[o++] = (uint8_t)best;
      lz_out[o++] = (uint8_t)dist;
      lz_out[o++] = (uint8_t)(dist >> 8);
    } else
      lz_out[o++] = lz_src[i];
    for (int k = 0; k < adv && i + 2 < LZN; k++, i++) {
      uint32_t hh = (((uint32_t)lz_src[i] << 10) ^ ((uint32_t)lz_src[i + 1] << 5) ^ lz_src[i + 2]) & (LZH - 1);
      lz_prev[i] = lz_head[hh];
      lz_head[hh] = i;
    }
  }
  uint32_t s = o;
  for (uint32_t i = 0; i < o; i += 61) s = s * 31 + lz_out[i];
  check = s;
  return LZN / 1048576.0;
}
static void finish_lz(void) {
  free(lz_src);
  free(lz_out);
  free(lz_head);
  free(lz_prev);
}

const Benchmark integer_benchmarks[] = {
    {"int.dhry", "Kloop/s", NULL, run_records, NULL},
    {"int.crc32", "MB/s", prepare_crc, run_crc, finish_crc},
    {"int.sort", "Kkey/s", prepare_sort, run_sort, finish_sort},
    {"int.matmul", "Mmac/s", prepare_matmul, run_matmul, NULL},
    {"int.mix64", "Mop/s", NULL, run_mix64, NULL},
    {"int.div", "Mop/s", NULL, run_div, NULL},
    {"int.fib", "Mcall/s", NULL, run_fib, NULL},
    {"int.indirect", "Mcall/s", prepare_indirect, run_indirect, NULL},
    {"int.sha256", "MB/s", NULL, run_sha256, NULL},
    {"int.lz", "MB/s", prepare_lz, run_lz, finish_lz},
    END_OF_BENCHMARKS,
};
