/*
 * How fast TCP is between two guests, as iperf measures it: `net-speed` takes one connection on port 5001 and reads it to
 * its end, `net-speed a.b.c.d SECONDS` writes to one for so long. Both print bytes and microseconds. Without a library,
 * so that it compiles with the cross compiler alone.
 */
typedef unsigned char u8;
typedef unsigned long u64;

enum { READ = 63, WRITE = 64, EXIT = 93, CLOCK_GETTIME = 113, SOCKET = 198, BIND = 200, LISTEN = 201, ACCEPT = 202,
       CONNECT = 203 };
enum { AF_INET = 2, SOCK_STREAM = 1, CLOCK_MONOTONIC = 1, PORT = 5001, BUFFER_BYTES = 256 * 1024 };

static u8 buffer[BUFFER_BYTES];

static long call(long number, u64 a, u64 b, u64 c) {
  register long x8 __asm__("x8") = number;
  register u64 x0 __asm__("x0") = a;
  register u64 x1 __asm__("x1") = b;
  register u64 x2 __asm__("x2") = c;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return (long)x0;
}

static u64 now_us(void) {
  long time[2];
  call(CLOCK_GETTIME, CLOCK_MONOTONIC, (u64)time, 0);
  return (u64)time[0] * 1000000 + (u64)time[1] / 1000;
}

static void say(const char *text) {
  u64 length = 0;
  while (text[length]) length += 1;
  call(WRITE, 1, (u64)text, length);
}

static void say_number(u64 value) {
  char digits[24];
  int at = 23;
  digits[at] = 0;
  do digits[--at] = (char)('0' + value % 10); while ((value /= 10) > 0);
  say(digits + at);
}

static void check(long result, const char *what) {
  if (result >= 0) return;
  say(what);
  say(" failed: ");
  say_number((u64)-result);
  say("\n");
  call(EXIT, 1, 0, 0);
}

static u64 number(const char **text) {
  u64 value = 0;
  for (; **text >= '0' && **text <= '9'; ++*text) value = value * 10 + (u64)(**text - '0');
  return value;
}

void run(long *stack) {
  const char *target = stack[0] > 1 ? (const char *)stack[2] : 0;
  u8 address[16] = { AF_INET, 0, PORT >> 8, PORT & 255 };
  for (int byte = 0; target && byte < 4; ++byte, ++target) address[4 + byte] = (u8)number(&target);
  long socket = call(SOCKET, AF_INET, SOCK_STREAM, 0);
  check(socket, "socket");
  u64 total = 0, start;
  long done;
  if (target) {
    const char *seconds = stack[0] > 2 ? (const char *)stack[3] : "5";
    check(call(CONNECT, (u64)socket, (u64)address, 16), "connect");
    start = now_us();
    u64 end = start + number(&seconds) * 1000000;
    for (; now_us() < end; total += (u64)done) {
      done = call(WRITE, (u64)socket, (u64)buffer, BUFFER_BYTES);
      check(done, "write");
    }
  } else {
    check(call(BIND, (u64)socket, (u64)address, 16), "bind");
    check(call(LISTEN, (u64)socket, 1, 0), "listen");
    long peer = call(ACCEPT, (u64)socket, 0, 0);
    check(peer, "accept");
    start = now_us();
    while ((done = call(READ, (u64)peer, (u64)buffer, BUFFER_BYTES)) > 0) total += (u64)done;
    check(done, "read");
  }
  u64 elapsed = now_us() - start;
  say("net-speed: ");
  say_number(total);
  say(" bytes in ");
  say_number(elapsed);
  say(" us\n");
  call(EXIT, 0, 0, 0);
}

__asm__(".globl _start\n_start:\n  mov x0, sp\n  bl run\n");
