/*
 * A mix of integer loops for measuring an engine's speed: bare metal, MMU off, general registers only. Each kernel
 * returns a check value; start.S leaves the sum of all in X19. Compiled for the host it gives the value to expect.
 */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

#define KERNEL static __attribute__((noinline)) u64

static u8 memory[1 << 20] __attribute__((aligned(64)));
static u64 random_state = 88172645463325252ul;

static u64 next_random(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}

/* Table-driven checksum: dependent loads and logic. */
KERNEL checksum(u32 rounds) {
  u32 *table = (u32 *)memory;
  u8 *data = memory + 4096;
  for (u32 i = 0; i < 256; i++) {
    u32 c = i;
    for (int k = 0; k < 8; k++) c = c & 1 ? (c >> 1) ^ 0xedb88320u : c >> 1;
    table[i] = c;
  }
  for (u32 i = 0; i < 4096; i++) data[i] = (u8)next_random();
  u32 crc = ~0u;
  for (u32 r = 0; r < rounds; r++)
    for (u32 i = 0; i < 4096; i++) crc = table[(crc ^ data[i]) & 255] ^ (crc >> 8);
  return crc;
}

/* Prime sieve: byte stores with a stride. */
KERNEL sieve(u32 rounds) {
  u64 count = 0;
  for (u32 r = 0; r < rounds; r++) {
    for (u32 i = 0; i < 65536; i++) memory[i] = 1;
    for (u32 i = 2; i < 65536; i++) {
      if (!memory[i]) continue;
      count++;
      for (u32 j = i + i; j < 65536; j += i) memory[j] = 0;
    }
  }
  return count;
}

/* Integer matrix product: multiply-add, two-dimensional addressing. */
KERNEL matrix(u32 rounds) {
  int *a = (int *)memory, *b = a + 1024, *c = b + 1024;
  u64 sum = 0;
  for (u32 i = 0; i < 2048; i++) a[i] = (int)(next_random() & 0xff);
  for (u32 r = 0; r < rounds; r++) {
    for (u32 i = 0; i < 32; i++)
      for (u32 j = 0; j < 32; j++) {
        int s = 0;
        for (u32 k = 0; k < 32; k++) s += a[i * 32 + k] * b[k * 32 + j];
        c[i * 32 + j] = s;
      }
    sum += (u64)c[r & 1023];
  }
  return sum;
}

/* Linked list: pointer chasing, reversal. */
struct node {
  struct node *next;
  u64 value;
};
KERNEL list(u32 rounds) {
  struct node *nodes = (struct node *)memory, *head = 0;
  u64 sum = 0;
  for (u32 i = 0; i < 512; i++) {
    nodes[i].value = next_random() & 0xffff;
    nodes[i].next = head;
    head = &nodes[i];
  }
  for (u32 r = 0; r < rounds; r++) {
    struct node *previous = 0;
    while (head) {
      struct node *next = head->next;
      if (head->value & 1) sum += head->value ^ r;
      head->next = previous;
      previous = head;
      head = next;
    }
    head = previous;
  }
  return sum;
}

/* Recursion: calls, returns, stack. */
static __attribute__((noinline)) u64 fibonacci(u64 n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }
KERNEL recursion(u32 rounds) {
  u64 sum = 0;
  for (u32 r = 0; r < rounds; r++) sum += fibonacci(18 + (r & 1));
  return sum;
}

/* State machine over text: compares and branches that are hard to foresee. */
KERNEL scanner(u32 rounds) {
  static const char letters[] = "0123456789+-.e,x ";
  u64 counts[6] = {0};
  for (u32 i = 0; i < 8192; i++) memory[i] = (u8)letters[next_random() % 17];
  for (u32 r = 0; r < rounds; r++) {
    u32 state = 0;
    for (u32 i = 0; i < 8192; i++) {
      u8 c = memory[i];
      int digit = c >= '0' && c <= '9';
      switch (state) {
        case 0: state = digit ? 1 : c == '+' || c == '-' ? 2 : c == '.' ? 3 : 5; break;
        case 1: state = digit ? 1 : c == '.' ? 3 : c == ',' ? 0 : 5; break;
        case 2: state = digit ? 1 : c == '.' ? 3 : 5; break;
        case 3: state = digit ? 3 : c == 'e' ? 4 : c == ',' ? 0 : 5; break;
        case 4: state = digit ? 4 : c == ',' ? 0 : 5; break;
        default: state = c == ',' ? 0 : 5;
      }
      counts[state]++;
    }
  }
  return counts[0] + 3 * counts[1] + 5 * counts[2] + 7 * counts[3] + 11 * counts[4] + 13 * counts[5];
}

/* Copying by pairs of registers. */
KERNEL copying(u32 rounds) {
  u64 *from = (u64 *)memory, *to = (u64 *)(memory + 65536);
  for (u32 i = 0; i < 8192; i++) from[i] = next_random();
  for (u32 r = 0; r < rounds; r++) {
    for (u32 i = 0; i < 8192; i += 4) {
      u64 a = from[i], b = from[i + 1], c = from[i + 2], d = from[i + 3];
      to[i] = a, to[i + 1] = b, to[i + 2] = c, to[i + 3] = d;
    }
    from[r & 8191] += to[(r * 7) & 8191];
  }
  return from[0] ^ to[8191];
}

/* Open hashing: multiplication, shifts, random access to 1 MiB. */
KERNEL hashing(u32 rounds) {
  u32 *table = (u32 *)memory;
  u64 sum = 0;
  for (u32 i = 0; i < 262144; i++) table[i] = 0;
  for (u32 r = 0; r < rounds * 4096; r++) {
    u32 slot = (u32)((next_random() * 0x9e3779b97f4a7c15ul) >> 46);
    table[slot] += r;
    sum ^= table[slot];
  }
  return sum;
}

/* One after the other: they share the random numbers, and C leaves open which operand of a sum is computed first. */
u64 run(u64 scale) {
  u32 n = (u32)scale;
  u64 sum = checksum(60 * n);
  sum += sieve(2 * n);
  sum += matrix(10 * n);
  sum += list(150 * n);
  sum += recursion(20 * n);
  sum += scanner(30 * n);
  sum += copying(60 * n);
  return sum + hashing(15 * n);
}
