/*
 * Linux without a C library: one system call, a few functions the compiler may ask for, and what the launcher and the
 * probe need of the kernel's interface. x86-64 and arm64.
 */
#ifndef WORLD_KERNEL_H
#define WORLD_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

/* The same numbers on both; headers of older systems do not have them. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

#define AT_FDCWD (-100)
#define AT_EMPTY_PATH 0x1000
#define O_RDONLY 0
#define O_WRONLY 1
#define O_RDWR 2
#define O_CREAT 0100
#define O_EXCL 0200
#define O_CLOEXEC 02000000
#define O_PATH 010000000
#define EINTR 4
#define EEXIST 17

/*
 * The one program start that the filter allows: of this descriptor, by the empty name at this address. No later code can
 * have either: the limit of descriptors is lower, and the filter refuses to map anything so low.
 */
#define PROGRAM_FD 1000
#define EMPTY_NAME ((void *)0x10000)

static inline long kernel(long number, long a, long b, long c, long d, long e, long f) {
#if defined(__x86_64__)
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
#else
#error "written for x86-64 and arm64"
#endif
}

#define CALL0(n) kernel(n, 0, 0, 0, 0, 0, 0)
#define CALL1(n, a) kernel(n, (long)(a), 0, 0, 0, 0, 0)
#define CALL2(n, a, b) kernel(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define CALL3(n, a, b, c) kernel(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define CALL4(n, a, b, c, d) kernel(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define CALL5(n, a, b, c, d, e) kernel(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define CALL6(n, a, b, c, d, e, f) kernel(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* The kernel leaves argc, argv and the environment on the stack; there is nothing to return to. */
#if defined(__x86_64__)
#define ENTRY(main_function)                                                                                          \
  __asm__(".globl _start\n_start:\n  xor %ebp, %ebp\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call " #main_function      \
          "\n  hlt\n")
#else
#define ENTRY(main_function)                                                                                          \
  __asm__(".globl _start\n_start:\n  mov x29, #0\n  mov x30, #0\n  mov x0, sp\n  bl " #main_function "\n  brk #1\n")
#endif

__attribute__((used)) void *memset(void *to, int byte, size_t count) {
  for (volatile uint8_t *at = to; count > 0; count--) *at++ = (uint8_t)byte;
  return to;
}

__attribute__((used)) void *memcpy(void *to, const void *from, size_t count) {
  const uint8_t *source = from;
  for (volatile uint8_t *at = to; count > 0; count--) *at++ = *source++;
  return to;
}

static inline size_t text_length(const char *text) {
  size_t length = 0;
  while (text[length] != 0) length++;
  return length;
}

static inline bool same_text(const char *a, const char *b) {
  while (*a != 0 && *a == *b) a++, b++;
  return *a == *b;
}

static inline void write_all(int file, const char *bytes, size_t count) {
  while (count > 0) {
    long done = CALL3(SYS_write, file, bytes, count);
    if (done == -EINTR) continue;
    if (done <= 0) return;
    bytes += done;
    count -= (size_t)done;
  }
}

static inline void write_text(int file, const char *text) { write_all(file, text, text_length(text)); }

static inline void write_number(int file, long number) {
  char digits[24];
  size_t at = sizeof digits;
  bool negative = number < 0;
  unsigned long rest = negative ? -(unsigned long)number : (unsigned long)number;
  do digits[--at] = (char)('0' + rest % 10);
  while ((rest /= 10) > 0);
  if (negative) digits[--at] = '-';
  write_all(file, digits + at, sizeof digits - at);
}

/* -1 when it is no number of digits. */
static inline int64_t parse_number(const char *text) {
  uint64_t number = 0;
  if (*text == 0 || text_length(text) > 18) return -1;
  for (; *text != 0; text++) {
    if (*text < '0' || *text > '9') return -1;
    number = number * 10 + (uint64_t)(*text - '0');
  }
  return (int64_t)number;
}

#endif
