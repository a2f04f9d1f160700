/* What programs do: a compiler, an interpreter, trees of small allocations. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmbench.h"

/* A toy compiler: text -> tokens -> tree (malloc) -> folding -> stack code; and the machine that runs the code.
 * "compile" measures the compiler in KB of source, "interp" the machine in million stack operations. */
enum { T_EOF, T_NUM, T_ID, T_WHILE, T_IF, T_OP };
enum { C_PUSH, C_LOAD, C_STORE, C_ADD, C_SUB, C_MUL, C_LT, C_AND, C_XOR, C_SHR, C_JZ, C_JMP, C_HALT };
typedef struct node {
  int op;
  uint32_t val;
  struct node *l, *r, *x;
} node;
typedef struct sym {
  struct sym *next;
  char *name;
  int slot;
} sym;
static const char *cp;
static int tok, tok_op;
static uint32_t tok_num;
static char tok_id[32];
static sym *symtab[64];
static int nslots, ncode;
static int32_t *code;
static char *prog_text;
static size_t prog_len;

static void next_tok(void) {
  while (*cp == ' ' || *cp == '\n' || *cp == '\t') cp++;
  if (!*cp) {
    tok = T_EOF;
  } else if (*cp >= '0' && *cp <= '9') {
    tok_num = 0;
    while (*cp >= '0' && *cp <= '9') tok_num = tok_num * 10 + (uint32_t)(*cp++ - '0');
    tok = T_NUM;
  } else if ((*cp >= 'a' && *cp <= 'z') || *cp == '_') {
    int n = 0;
    while ((*cp >= 'a' && *cp <= 'z') || *cp == '_' || (*cp >= '0' && *cp <= '9')) {
      if (n < 31) tok_id[n++] = *cp;
      cp++;
    }
    tok_id[n] = 0;
    tok = !strcmp(tok_id, "while") ? T_WHILE : !strcmp(tok_id, "if") ? T_IF : T_ID;
  } else {
    tok = T_OP;
    tok_op = *cp++;
  }
}
static int lookup(const char *s) {
  uint32_t h = 5381;
  for (const char *p = s; *p; p++) h = h * 33 + (uint8_t)*p;
  for (sym *y = symtab[h & 63]; y; y = y->next)
    if (!strcmp(y->name, s)) return y->slot;
  sym *y = allocate(sizeof *y);
  y->name = allocate(strlen(s) + 1);
  strcpy(y->name, s);
  y->slot = nslots++ & 255;
  y->next = symtab[h & 63];
  symtab[h & 63] = y;
  return y->slot;
}
static node *mk(int op, uint32_t v, node *l, node *r) {
  node *n = allocate(sizeof *n);
  n->op = op, n->val = v, n->l = l, n->r = r, n->x = NULL;
  return n;
}
static node *expr(int prec);
static node *primary(void) {
  node *n;
  if (tok == T_NUM) {
    n = mk(C_PUSH, tok_num, NULL, NULL);
    next_tok();
  } else if (tok == T_ID) {
    n = mk(C_LOAD, (uint32_t)lookup(tok_id), NULL, NULL);
    next_tok();
  } else {
    next_tok(); /* ( */
    n = expr(0);
    next_tok(); /* ) */
  }
  return n;
}
static int op_of(int c, int *prec) {
  switch (c) {
  case '*': *prec = 5; return C_MUL;
  case '+': *prec = 4; return C_ADD;
  case '-': *prec = 4; return C_SUB;
  case '>': *prec = 3; return C_SHR;
  case '<': *prec = 2; return C_LT;
  case '&': *prec = 1; return C_AND;
  case '^': *prec = 1; return C_XOR;
  }
  return -1;
}
static uint32_t alu(int op, uint32_t a, uint32_t b) {
  switch (op) {
  case C_ADD: return a + b;
  case C_SUB: return a - b;
  case C_MUL: return a * b;
  case C_SHR: return a >> (b & 31);
  case C_LT: return a < b;
  case C_AND: return a & b;
  default: return a ^ b;
  }
}
static node *expr(int min) {
  node *l = primary();
  for (;;) {
    int p, op;
    if (tok != T_OP || (op = op_of(tok_op, &p)) < 0 || p <= min) return l;
    next_tok();
    node *r = expr(p);
    if (l->op == C_PUSH && r->op == C_PUSH) {
      l->val = alu(op, l->val, r->val);
      free(r);
    } else
      l = mk(op, 0, l, r);
  }
}
static void emit(int op, uint32_t v) {
  code[ncode++] = op;
  code[ncode++] = (int32_t)v;
}
static void gen(node *n) {
  if (n->l) gen(n->l);
  if (n->r) gen(n->r);
  emit(n->op, n->val);
  free(n);
}
static void block(void) {
  while (tok != T_EOF && !(tok == T_OP && tok_op == '}')) {
    if (tok == T_WHILE || tok == T_IF) {
      int loop = tok == T_WHILE, top = ncode, fix;
      next_tok();
      gen(expr(0));
      fix = ncode;
      emit(C_JZ, 0);
      next_tok(); /* { */
      block();
      next_tok(); /* } */
      if (loop) emit(C_JMP, (uint32_t)top);
      code[fix + 1] = ncode;
    } else {
      int slot = lookup(tok_id);
      next_tok();
      next_tok(); /* = */
      gen(expr(0));
      emit(C_STORE, (uint32_t)slot);
      next_tok(); /* ; */
    }
  }
}
static int compile(const char *text) {
  memset(symtab, 0, sizeof symtab);
  nslots = ncode = 0;
  cp = text;
  next_tok();
  block();
  emit(C_HALT, 0);
  int res = lookup("res");
  for (int i = 0; i < 64; i++)
    for (sym *y = symtab[i], *nx; y; y = nx) {
      nx = y->next;
      free(y->name);
      free(y);
    }
  return res;
}
static uint32_t vm_slots[256];
static NOINLINE uint32_t vm_run(const int32_t *c, uint32_t *steps) {
  uint32_t st[64], *sp = st, n = 0, b;
  const int32_t *pc = c;
  for (;; n++) {
    int op = pc[0];
    uint32_t v = (uint32_t)pc[1];
    pc += 2;
    switch (op) {
    case C_PUSH: *sp++ = v; break;
    case C_LOAD: *sp++ = vm_slots[v]; break;
    case C_STORE: vm_slots[v] = *--sp; break;
    case C_ADD: b = *--sp, sp[-1] += b; break;
    case C_SUB: b = *--sp, sp[-1] -= b; break;
    case C_MUL: b = *--sp, sp[-1] *= b; break;
    case C_LT: b = *--sp, sp[-1] = sp[-1] < b; break;
    case C_AND: b = *--sp, sp[-1] &= b; break;
    case C_XOR: b = *--sp, sp[-1] ^= b; break;
    case C_SHR: b = *--sp, sp[-1] >>= (b & 31); break;
    case C_JZ:
      if (!*--sp) pc = c + v;
      break;
    case C_JMP: pc = c + v; break;
    default: *steps = n; return 0;
    }
  }
}
static void put(const char *s) {
  size_t n = strlen(s);
  memcpy(prog_text + prog_len, s, n + 1);
  prog_len += n;
}
static void prepare_compile(void) {
  char b[160];
  prog_text = allocate(1 << 17);
  code = allocate(1 << 20);
  prog_len = 0;
  for (int i = 0; i < 260; i++) {
    unsigned v[6];
    for (int k = 0; k < 6; k++) v[k] = next_random();
    snprintf(b, sizeof b, "var_%u = (alpha_%u + %u * 3 - 2) ^ beta_%u * (x%u + 17 - %u) > 3;\n", v[0] % 99, v[1] % 40,
             v[2] % 9999, v[3] % 40, v[4] % 30, v[5] % 99);
    put(b);
    if (i % 7 == 0) put("if (flag & 1 < 2) { cnt = cnt + 1; while (cnt < lim) { cnt = cnt * 2 + (1 + 2 * 3); } }\n");
  }
  put("res = cnt;");
}
static double run_compile(void) {
  compile(prog_text);
  uint32_t s = (uint32_t)ncode;
  for (int i = 0; i < ncode; i += 13) s = s * 31 + (uint32_t)code[i];
  check = s;
  return (double)prog_len / 1024;
}
static void finish_compile(void) {
  free(prog_text);
  free(code);
}
static int interp_res;
static void prepare_interp(void) {
  code = allocate(1 << 16);
  interp_res = compile("i = 0; a = 1; res = 0; while i < 3000 { a = a * 1103515245 + 12345; b = a > 16 & 255;"
                       " if b < 128 { res = res + b; } if 127 < b { res = res ^ (b + i); } i = i + 1; } ");
}
static double run_interp(void) {
  uint32_t n = 0;
  memset(vm_slots, 0, sizeof vm_slots);
  vm_run(code, &n);
  check = vm_slots[interp_res];
  return n / 1e6;
}
static void finish_interp(void) { free(code); }

/* Binary trees: malloc and free, thousand nodes. */
static node *tree(int d) { return d ? mk(d, (uint32_t)d, tree(d - 1), tree(d - 1)) : mk(0, 1, NULL, NULL); }
static uint32_t untree(node *n) {
  uint32_t s = n->val + (n->l ? untree(n->l) + untree(n->r) : 0);
  free(n);
  return s;
}
static double run_tree(void) {
  check = untree(tree(12));
  return 8.191;
}

const Benchmark application_benchmarks[] = {
    {"app.compile", "KB/s", prepare_compile, run_compile, finish_compile},
    {"app.interp", "Mop/s", prepare_interp, run_interp, finish_interp},
    {"app.tree", "Knode/s", NULL, run_tree, NULL},
    END_OF_BENCHMARKS,
};
