/* The kernel's work: system calls, processes, pipes, page faults, signals, files in memory. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vmbench.h"

/* The program itself, by whatever name it was started. */
#define SELF "/proc/self/exe"

static double run_getpid(void) { /* thousand */
  for (int i = 0; i < 2000; i++) sink = (uint32_t)syscall(SYS_getpid);
  check = 0;
  return 2;
}
static double run_gettime(void) { /* thousand */
  struct timespec t;
  for (int i = 0; i < 2000; i++) clock_gettime(CLOCK_MONOTONIC, &t);
  sink = (uint32_t)t.tv_nsec;
  check = 0;
  return 2;
}
static int null_fd, zero_fd;
static char io_buf[65536];
static void prepare_rw(void) {
  null_fd = open("/dev/null", O_WRONLY);
  zero_fd = open("/dev/zero", O_RDONLY);
}
static void finish_rw(void) {
  close(null_fd);
  close(zero_fd);
}
static double run_rw1(void) { /* thousand calls: read 1 byte of /dev/zero, write 1 byte to /dev/null */
  for (int i = 0; i < 500; i++) {
    if (read(zero_fd, io_buf, 1) != 1) exit(2);
    if (write(null_fd, io_buf, 1) != 1) exit(2);
  }
  check = 0;
  return 1;
}
static double run_zero(void) { /* MB of /dev/zero */
  for (int i = 0; i < 16; i++)
    if (read(zero_fd, io_buf, 65536) != 65536) exit(2);
  check = 0;
  return 1;
}
static double run_fork(void) {
  for (int i = 0; i < 5; i++) {
    int st;
    pid_t p = fork();
    if (!p) _exit(0);
    waitpid(p, &st, 0);
  }
  check = 0;
  return 5;
}
static double run_exec(void) {
  for (int i = 0; i < 5; i++) {
    int st;
    pid_t p = fork();
    if (!p) {
      execl(SELF, SELF, "--true", (char *)NULL);
      _exit(127);
    }
    waitpid(p, &st, 0);
    if (st) {
      printf("# exec failed: %d\n", st);
      exit(2);
    }
  }
  check = 0;
  return 5;
}
static int pp_a[2], pp_b[2];
static pid_t pp_child;
static void prepare_pingpong(void) {
  char c;
  if (pipe(pp_a) || pipe(pp_b)) exit(2);
  pp_child = fork();
  if (!pp_child) {
    close(pp_a[1]);
    close(pp_b[0]);
    while (read(pp_a[0], &c, 1) == 1)
      if (write(pp_b[1], &c, 1) != 1) break;
    _exit(0);
  }
  close(pp_a[0]);
  close(pp_b[1]);
}
static double run_pingpong(void) { /* thousand round trips: two context switches each */
  char c = 1;
  for (int i = 0; i < 200; i++)
    if (write(pp_a[1], &c, 1) != 1 || read(pp_b[0], &c, 1) != 1) exit(2);
  check = 0;
  return 0.2;
}
static void finish_pingpong(void) {
  int st;
  close(pp_a[1]);
  close(pp_b[0]);
  waitpid(pp_child, &st, 0);
}
static void prepare_pipebw(void) {
  if (pipe(pp_a)) exit(2);
  pp_child = fork();
  if (!pp_child) {
    close(pp_a[1]);
    while (read(pp_a[0], io_buf, sizeof io_buf) > 0) {
    }
    _exit(0);
  }
  close(pp_a[0]);
  pp_b[0] = dup(0);
}
static double run_pipebw(void) { /* MB through a pipe */
  for (int i = 0; i < 16; i++)
    if (write(pp_a[1], io_buf, 65536) != 65536) exit(2);
  check = 0;
  return 1;
}
static double run_fault(void) { /* thousand page faults: fresh anonymous pages */
  const size_t n = 1 << 20;
  uint8_t *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) exit(2);
  madvise(p, n, MADV_NOHUGEPAGE);
  for (size_t i = 0; i < n; i += 4096) p[i] = 1;
  munmap(p, n);
  check = 0;
  return 0.256;
}
static volatile int sig_count;
static void on_sig(int s) {
  (void)s;
  sig_count++;
}
static void prepare_signal(void) { signal(SIGUSR1, on_sig); }
static double run_signal(void) { /* thousand signals raised and handled */
  pid_t me = getpid();
  for (int i = 0; i < 500; i++) kill(me, SIGUSR1);
  check = 0;
  return 0.5;
}
static char file_path[256];
static void prepare_file(void) {
  snprintf(file_path, sizeof file_path, "%s/vmbench.%d", temporary_folder(), (int)getpid());
}
static double run_create(void) { /* thousand: create, write 100 bytes, close, stat, unlink */
  struct stat st;
  for (int i = 0; i < 50; i++) {
    int f = open(file_path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    if (f < 0 || write(f, io_buf, 100) != 100) exit(2);
    close(f);
    if (stat(file_path, &st) || unlink(file_path)) exit(2);
  }
  check = 0;
  return 0.05;
}
static double run_tmpwrite(void) { /* MB written to a fresh 2 MB file in the tmpfs and read back */
  int f = open(file_path, O_CREAT | O_RDWR | O_TRUNC, 0600);
  for (int i = 0; i < 32; i++)
    if (write(f, io_buf, 65536) != 65536) exit(2);
  lseek(f, 0, SEEK_SET);
  while (read(f, io_buf, 65536) > 0) {
  }
  close(f);
  unlink(file_path);
  check = 0;
  return 4;
}

const Benchmark operating_system_benchmarks[] = {
    {"os.getpid", "Kcall/s", NULL, run_getpid, NULL},
    {"os.gettime", "Kcall/s", NULL, run_gettime, NULL},
    {"os.rw1", "Kcall/s", prepare_rw, run_rw1, finish_rw},
    {"os.readzero", "MB/s", prepare_rw, run_zero, finish_rw},
    {"os.fork", "fork/s", NULL, run_fork, NULL},
    {"os.exec", "exec/s", NULL, run_exec, NULL},
    {"os.pingpong", "Ktrip/s", prepare_pingpong, run_pingpong, finish_pingpong},
    {"os.pipebw", "MB/s", prepare_pipebw, run_pipebw, finish_pingpong},
    {"os.fault", "Kfault/s", NULL, run_fault, NULL},
    {"os.signal", "Ksig/s", prepare_signal, run_signal, NULL},
    {"os.create", "Kfile/s", prepare_file, run_create, NULL},
    {"os.tmpfs", "MB/s", prepare_file, run_tmpwrite, NULL},
    END_OF_BENCHMARKS,
};
