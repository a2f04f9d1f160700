/*
 * vmbench: small benchmarks for a guest, which time themselves, to compare virtual machines. One static program in C99 and
 * POSIX; the same source builds for 64-bit and 32-bit guests.
 *
 *   vmbench [SCALE [NAME …]]    runs all benchmarks, or those whose names begin with one of the given
 *   vmbench --list              names and units
 *   vmbench --run NAME AMOUNT UNIT SECONDS COMMAND
 *                               runs "sh -c COMMAND", AMOUNT of UNIT each time, for SECONDS, at least once, and
 *                               once more for the check value of what it prints
 *   vmbench --text MIB          so much compressible pseudo-text
 *   vmbench --clock NAME        one line with the guest's clock: "# NAME SECONDS"
 *   vmbench --true              ends at once: what os.exec starts
 *
 * Each benchmark repeats a chunk of work: for 0.3 × SCALE seconds to warm up, as engines with a compiler need, then
 * for SCALE seconds that are measured. It prints one line:
 *
 *   NAME RATE UNIT best=RATE first=RATE chunks=N sum=HEX
 *
 * The first rate is the mean over the measured time, more is better; `best` is the fastest chunk's, `first` the very first
 * chunk's (cold code). `sum` is the check value of that chunk: the same on every correct machine of one architecture, and
 * but for floating point on all.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vmbench.h"

uint32_t check;
volatile uint32_t sink;

static const Benchmark *const groups[] = {integer_benchmarks, application_benchmarks, memory_benchmarks,
                                          floating_point_benchmarks, operating_system_benchmarks};
enum { GROUPS = sizeof groups / sizeof *groups };

static const uint64_t SEED = 88172645463325252ULL;
static uint64_t random_state;

uint32_t next_random(void) {
  uint64_t x = random_state;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  random_state = x;
  return (uint32_t)(x >> 16);
}

void *allocate(size_t size_bytes) {
  void *p = malloc(size_bytes);
  if (!p) {
    printf("# out of memory (%lu)\n", (unsigned long)size_bytes);
    exit(1);
  }
  return p;
}

static const char *const words[] = {"int",  "return", "while", "buffer", "size", "(i = 0; i < n; i++)", "if", "else",
                                    "struct", "static", "->next", "value", " = ", " + ", "0x", ";\n", "{\n", "}\n",
                                    "\t", "count", "index", "page", "table", "/* note */", "lock", "unlock"};

size_t write_text(uint8_t *text, size_t size_bytes) {
  size_t length = 0;
  while (length < size_bytes) {
    uint32_t r = next_random();
    const char *w = words[(r & 0xffff) % (sizeof words / sizeof *words)];
    while (*w && length < size_bytes) text[length++] = (uint8_t)*w++;
    if (length < size_bytes) text[length++] = ' ';
    if ((r >> 20) < 700)
      for (int k = 0; k < 5 && length < size_bytes; k++) text[length++] = (uint8_t)('a' + next_random() % 26);
  }
  return length;
}

const char *temporary_folder(void) {
  const char *folder = getenv("VMBENCH_TMP");
  return folder ? folder : "/tmp";
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* A clock with coarse steps may not have moved. */
static double at_least_a_little(double seconds) { return seconds > 1e-7 ? seconds : 1e-7; }

static void measure(const Benchmark *b, double scale) {
  double warm_up = 0.3 * scale, span = 1.0 * scale;
  random_state = SEED;
  if (b->prepare) b->prepare();
  double begin = now(), work = b->run(), best = 0, total = 0;
  uint32_t first_check = check;
  double first = work / at_least_a_little(now() - begin);
  while (now() - begin < warm_up) b->run();
  double start = now(), previous = start, t;
  long chunks = 0;
  do {
    double amount = b->run();
    t = now();
    double rate = amount / at_least_a_little(t - previous);
    if (rate > best) best = rate;
    total += amount;
    previous = t;
    chunks++;
  } while (t - start < span);
  if (b->finish) b->finish();
  printf("%s %.6g %s best=%.6g first=%.6g chunks=%ld sum=%08x\n", b->name, total / (t - start), b->unit, best, first,
         chunks, (unsigned)first_check);
}

static int wanted(const char *name, int count, char *const *prefixes) {
  for (int i = 0; i < count; i++)
    if (!strncmp(name, prefixes[i], strlen(prefixes[i]))) return 1;
  return count <= 0;
}

/* Runs "sh -c COMMAND" with its output in a file descriptor; returns whether it succeeded. */
static int run_command(const char *command, int output) {
  int status;
  pid_t child = fork();
  if (child == 0) {
    dup2(output, STDOUT_FILENO);
    execlp("sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
  }
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* What a command prints, as 32 bits (FNV-1a); `succeeded` if it does so. */
static uint32_t command_check(const char *command, int *succeeded) {
  uint32_t hash = 2166136261u;
  uint8_t buffer[4096];
  ssize_t length;
  int ends[2], status;
  *succeeded = 0;
  if (pipe(ends)) return hash;
  pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    _exit(!run_command(command, ends[1]));
  }
  close(ends[1]);
  while ((length = read(ends[0], buffer, sizeof buffer)) > 0)
    for (ssize_t i = 0; i < length; i++) hash = (hash ^ buffer[i]) * 16777619u;
  close(ends[0]);
  *succeeded = child > 0 && waitpid(child, &status, 0) == child && status == 0;
  return hash;
}

static int measure_command(char *const *words) {
  const char *name = words[0], *unit = words[2], *command = words[4];
  double amount = atof(words[1]), span = atof(words[3]);
  int nowhere = open("/dev/null", O_WRONLY);
  double start = now(), previous = start, t, best = 0, first = 0;
  int chunks = 0, succeeded;
  do {
    succeeded = run_command(command, nowhere);
    t = now();
    double rate = amount / at_least_a_little(t - previous);
    if (rate > best) best = rate;
    if (!chunks++) first = rate;
    previous = t;
  } while (succeeded && t - start < span);
  // What it printed is looked at once more afterwards: the time is for the work alone.
  uint32_t hash = 0;
  if (succeeded) hash = command_check(command, &succeeded);
  if (!succeeded) {
    printf("# %s failed\n", name);
    return 1;
  }
  printf("%s %.6g %s best=%.6g first=%.6g chunks=%d sum=%08x\n", name, amount * chunks / (t - start), unit, best, first,
         chunks, (unsigned)hash);
  return 0;
}

static int print_text(int mib) {
  uint8_t *text = allocate(1 << 20);
  random_state = SEED;
  for (int i = 0; i < mib; i++) fwrite(text, 1, write_text(text, 1 << 20), stdout);
  return fflush(stdout) ? 1 : 0;
}

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "1";
  if (!strcmp(mode, "--true")) return 0;
  if (!strcmp(mode, "--clock") && argc == 3) return printf("# %s %.6f\n", argv[2], now()) < 0;
  if (!strcmp(mode, "--text") && argc == 3) return print_text(atoi(argv[2]));
  // Each line leaves at once; a child finds nothing to write again.
  setvbuf(stdout, NULL, _IOLBF, 4096);
  if (!strcmp(mode, "--run") && argc == 7) return measure_command(argv + 2);
  int is_list = !strcmp(mode, "--list");
  double scale = atof(mode);
  if (!is_list && scale <= 0) {
    fprintf(stderr, "vmbench: %s is no scale\n", mode);
    return 2;
  }
  for (int i = 0; i < GROUPS; i++)
    for (const Benchmark *b = groups[i]; b->name; b++) {
      if (is_list) printf("%s %s\n", b->name, b->unit);
      else if (wanted(b->name, argc - 2, argv + 2)) measure(b, scale);
    }
  return 0;
}
