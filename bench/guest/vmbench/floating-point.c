/* Double precision without SIMD, single precision with it, the C library's functions. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vmbench.h"

static double nb[5][7];
static void prepare_nbody(void) {
  static const double z[5][7] = {
      {0, 0, 0,
       0, 0, 0, 39.47841760435743},
      {4.84143144246472090, -1.16032004402742839, -0.103622044471123109,
       0.606326392995832, 2.81198684491626, -0.02521836165988763, 0.03769367487038949},
      {8.34336671824457987, 4.12479856412430479, -0.403523417114321381,
       -1.01077434617879, 1.82566237123041, 0.00841576137658415, 0.011286326131968767},
      {12.8943695621391310, -15.1111514016986312, -0.223307578892655734,
       1.08279100644154, 0.868713018169608, -0.0108326374013636, 0.0017237240570597112},
      {15.3796971148509165, -25.9193146099879641, 0.179258772950371181,
       0.979090732243898, 0.594698998647676, -0.034755955504078104, 0.0020336868699246304}};
  memcpy(nb, z, sizeof nb);
}
static double run_nbody(void) { /* thousand steps */
  prepare_nbody();
  for (int n = 0; n < 1000; n++) {
    for (int i = 0; i < 5; i++)
      for (int j = i + 1; j < 5; j++) {
        double dx = nb[i][0] - nb[j][0], dy = nb[i][1] - nb[j][1], dz = nb[i][2] - nb[j][2];
        double d2 = dx * dx + dy * dy + dz * dz, mag = 0.01 / (d2 * sqrt(d2));
        nb[i][3] -= dx * nb[j][6] * mag, nb[i][4] -= dy * nb[j][6] * mag, nb[i][5] -= dz * nb[j][6] * mag;
        nb[j][3] += dx * nb[i][6] * mag, nb[j][4] += dy * nb[i][6] * mag, nb[j][5] += dz * nb[i][6] * mag;
      }
    for (int i = 0; i < 5; i++)
      for (int k = 0; k < 3; k++) nb[i][k] += 0.01 * nb[i][k + 3];
  }
  uint64_t u;
  memcpy(&u, &nb[0][0], 8);
  check = (uint32_t)(u ^ (u >> 32));
  return 1;
}
static double run_mandel(void) { /* million iterations */
  uint32_t it = 0;
  for (int y = 0; y < 32; y++)
    for (int x = 0; x < 32; x++) {
      double cr = x / 16.0 - 1.5, ci = y / 16.0 - 1.0, zr = 0, zi = 0;
      for (int k = 0; k < 200; k++, it++) {
        double t = zr * zr - zi * zi + cr;
        zi = 2 * zr * zi + ci;
        zr = t;
        if (zr * zr + zi * zi > 4) break;
      }
    }
  check = it;
  return it / 1e6;
}
enum { LN = 100 };
static double la[LN][LN], lb[LN];
static double run_linpack(void) { /* MFLOP: LU with partial pivoting, and solve */
  uint32_t x = 1325;
  for (int i = 0; i < LN; i++) {
    lb[i] = 0;
    for (int j = 0; j < LN; j++) {
      x = 3125 * x % 65536;
      la[i][j] = ((double)x - 32768.0) / 16384.0;
    }
  }
  for (int i = 0; i < LN; i++)
    for (int j = 0; j < LN; j++) lb[i] += la[i][j];
  for (int k = 0; k < LN - 1; k++) {
    int p = k;
    for (int i = k + 1; i < LN; i++)
      if (fabs(la[i][k]) > fabs(la[p][k])) p = i;
    if (p != k) {
      for (int j = k; j < LN; j++) {
        double t = la[k][j];
        la[k][j] = la[p][j];
        la[p][j] = t;
      }
      double t = lb[k];
      lb[k] = lb[p];
      lb[p] = t;
    }
    for (int i = k + 1; i < LN; i++) {
      double m = la[i][k] / la[k][k];
      for (int j = k + 1; j < LN; j++) la[i][j] -= m * la[k][j];
      lb[i] -= m * lb[k];
    }
  }
  for (int i = LN - 1; i >= 0; i--) {
    for (int j = i + 1; j < LN; j++) lb[i] -= la[i][j] * lb[j];
    lb[i] /= la[i][i];
  }
  double e = 0;
  for (int i = 0; i < LN; i++) e += fabs(lb[i] - 1);
  check = e < 1e-6 ? 0x600d : 0xbad;
  return (2.0 / 3 * LN * LN * LN + 2.0 * LN * LN) / 1e6;
}
static float *fa, *fb, *fc;
static void prepare_saxpy(void) {
  fa = allocate(4096 * 4), fb = allocate(4096 * 4), fc = allocate(4096 * 4);
  for (int i = 0; i < 4096; i++) fa[i] = (float)(i & 63), fb[i] = (float)(i & 31), fc[i] = 0;
}
__attribute__((optimize("O3"))) static NOINLINE void saxpy(float *restrict c, const float *restrict a,
                                                          const float *restrict b, float k) {
  for (int i = 0; i < 4096; i++) c[i] = a[i] * k + b[i];
}
static double run_saxpy(void) { /* MFLOP, single precision, the compiler may use SIMD */
  for (int r = 0; r < 64; r++) saxpy(fc, fa, fb, (float)r);
  uint32_t s = 0;
  for (int i = 0; i < 4096; i += 7) s = s * 31 + (uint32_t)fc[i];
  check = s;
  return 64 * 4096 * 2 / 1e6;
}
static void finish_saxpy(void) {
  free(fa);
  free(fb);
  free(fc);
}
static double run_libm(void) { /* thousand calls of sin, exp, log, pow */
  double s = 0;
  for (int i = 1; i <= 2000; i++) {
    double x = i * 0.01;
    s += sin(x) + exp(-x) + log(x) + pow(x, 0.3);
  }
  check = (uint32_t)(int64_t)(s * 1000);
  return 8;
}

const Benchmark floating_point_benchmarks[] = {
    {"fp.nbody", "Kstep/s", prepare_nbody, run_nbody, NULL},
    {"fp.mandel", "Miter/s", NULL, run_mandel, NULL},
    {"fp.linpack", "MFLOPS", NULL, run_linpack, NULL},
    {"fp.saxpy", "MFLOPS", prepare_saxpy, run_saxpy, finish_saxpy},
    {"fp.libm", "Kcall/s", NULL, run_libm, NULL},
    END_OF_BENCHMARKS,
};
