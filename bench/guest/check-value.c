/* The mix of loops on the host: prints the check value of run(SCALE) in hexadecimal, 16 digits. */
#include <stdio.h>

unsigned long run(unsigned long scale);

int main(void) {
  printf("%016lx\n", run(SCALE));
  return 0;
}
