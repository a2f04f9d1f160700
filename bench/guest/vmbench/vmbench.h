/* What the groups of benchmarks share, and what the driver in main.c knows of them. */
#ifndef VMBENCH_H
#define VMBENCH_H

#include <stddef.h>
#include <stdint.h>

#define NOINLINE __attribute__((noinline))

/* One line of the output. `run` does a chunk of work, always the same, leaves its check value in `check` and returns how
 * many of `unit` (without the "/s") it was. `prepare` and `finish` may be NULL. */
typedef struct Benchmark {
  const char *name, *unit;
  void (*prepare)(void);
  double (*run)(void);
  void (*finish)(void);
} Benchmark;

#define END_OF_BENCHMARKS {NULL, NULL, NULL, NULL, NULL}

extern const Benchmark integer_benchmarks[], application_benchmarks[], memory_benchmarks[], floating_point_benchmarks[],
    operating_system_benchmarks[];

/* Check value of the last chunk; 0 where there is nothing to check. */
extern uint32_t check;
/* Keeps the compiler from dropping what nobody reads. */
extern volatile uint32_t sink;

/* 32 random bits; each benchmark starts from the same seed. */
uint32_t next_random(void);
/* malloc that ends the program when there is no memory. */
void *allocate(size_t size_bytes);
/* Fills with pseudo-text as redundant as a program's source; returns the size. */
size_t write_text(uint8_t *text, size_t size_bytes);
/* Folder for files: $VMBENCH_TMP, which should be a tmpfs, or /tmp. */
const char *temporary_folder(void);

#endif
