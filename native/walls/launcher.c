/*
 * Builds the second wall around a program and becomes it:
 *
 *   launcher FILTER DATA_BYTES FILE_BYTES [--own-process] [--run FILE | --file FILE | --folder FOLDER]... -- PROGRAM ARG...
 *
 * FILTER is a seccomp program in hexadecimal, made and tested by src/substrates/wasm/walls. After it ran, the program can
 * read the files and folders named here and nothing else, write none, start none, and use no system call the filter does
 * not know; and whatever it starts could not either, had it a way to. --own-process lets it read its own folder of /proc.
 *
 * It is linked to no library, allocates nothing, and each step that fails ends it with a code and a sentence of its own.
 */
#include "kernel.h"

enum failure {
  BAD_USAGE = 90,
  BAD_FILTER,
  NO_NEW_PRIVILEGES,
  NO_CAPABILITIES,
  NO_LANDLOCK,
  NO_RULESET,
  NO_FILE,
  NO_RULE,
  NO_RESTRICTION,
  NO_PROGRAM,
  NO_DESCRIPTOR,
  NO_LIMIT,
  NO_NAME,
  NO_SECCOMP,
  NO_START,
};

#define PR_SET_NO_NEW_PRIVS 38
#define CAPABILITY_VERSION 0x20080522
#define RLIMIT_DATA 2
#define RLIMIT_FSIZE 1
#define RLIMIT_CORE 4
#define RLIMIT_NOFILE 7
/* Enough for more than a hundred workers, and below PROGRAM_FD. */
#define FILES_MAX 960
#define PROT_READ 1
#define MAP_PRIVATE 2
#define MAP_ANONYMOUS 0x20
#define MAP_FIXED_NOREPLACE 0x100000
#define PAGE_BYTES 4096

#define LANDLOCK_VERSION 1
#define LANDLOCK_PATH_BENEATH 1
#define MAY_EXECUTE (1u << 0)
#define MAY_READ_FILE (1u << 2)
#define MAY_READ_FOLDER (1u << 3)

#define SECCOMP_SET_MODE_FILTER 1
#define INSTRUCTIONS_MAX 1024
#define COMPARE_EQUAL 0x15
/* Where the filter compares with this constant it means the number of the process it holds for. */
#define OWN_PROCESS 0x4f574e50u

struct instruction {
  uint16_t code;
  uint8_t if_true, if_false;
  uint32_t constant;
};

struct filter {
  uint16_t length;
  struct instruction *instructions;
};

static struct instruction instructions[INSTRUCTIONS_MAX];

static void __attribute__((noreturn)) fail(enum failure code, const char *sentence, const char *what, long result) {
  write_text(2, "launcher: ");
  write_text(2, sentence);
  if (what != NULL) {
    write_text(2, ": ");
    write_text(2, what);
  }
  if (result < 0) {
    write_text(2, " (errno ");
    write_number(2, -result);
    write_text(2, ")");
  }
  write_text(2, "\n");
  for (;;) CALL1(SYS_exit_group, code);
}

static int digit_of(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  return -1;
}

static uint16_t read_filter(const char *text) {
  size_t count = text_length(text);
  if (count == 0 || count % (2 * sizeof(struct instruction)) != 0 || count / 2 > sizeof instructions)
    fail(BAD_FILTER, "the seccomp filter has an impossible length", NULL, 0);
  uint8_t *bytes = (uint8_t *)instructions;
  for (size_t at = 0; at < count / 2; at++) {
    int high = digit_of(text[2 * at]), low = digit_of(text[2 * at + 1]);
    if (high < 0 || low < 0) fail(BAD_FILTER, "the seccomp filter is not hexadecimal", NULL, 0);
    bytes[at] = (uint8_t)(high << 4 | low);
  }
  uint16_t length = (uint16_t)(count / 2 / sizeof(struct instruction));
  uint32_t own = (uint32_t)CALL0(SYS_getpid);
  for (uint16_t at = 0; at < length; at++) {
    if (instructions[at].code == COMPARE_EQUAL && instructions[at].constant == OWN_PROCESS)
      instructions[at].constant = own;
  }
  return length;
}

/* Also for root: a program started by uid 0 would get all capabilities back without no_new_privs. */
static void drop_privileges(void) {
  long result = CALL5(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (result < 0) fail(NO_NEW_PRIVILEGES, "no_new_privs cannot be set", NULL, result);
  struct {
    uint32_t version;
    int32_t process;
  } header = {CAPABILITY_VERSION, 0};
  uint32_t none[6] = {0};
  result = CALL2(SYS_capset, &header, none);
  if (result < 0) fail(NO_CAPABILITIES, "capabilities cannot be given up", NULL, result);
}

static int open_path(const char *path, enum failure code) {
  long file = CALL4(SYS_openat, AT_FDCWD, path, O_PATH | O_CLOEXEC, 0);
  if (file < 0) fail(code, "cannot be opened", path, file);
  return (int)file;
}

static int create_ruleset(void) {
  long version = CALL3(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION);
  if (version < 1) fail(NO_LANDLOCK, "this kernel has no landlock, or it is not enabled at boot", NULL, version);
  /* Everything that this version knows is handled, which means refused where no rule allows it. */
  struct {
    uint64_t files, network, scopes;
  } handled = {0x1fff, 0, 0};
  if (version >= 2) handled.files = 0x3fff;
  if (version >= 3) handled.files = 0x7fff;
  if (version >= 5) handled.files = 0xffff;
  if (version >= 4) handled.network = 3;
  if (version >= 6) handled.scopes = 3;
  size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
  long ruleset = CALL3(SYS_landlock_create_ruleset, &handled, size, 0);
  if (ruleset < 0) fail(NO_RULESET, "a landlock ruleset cannot be made", NULL, ruleset);
  return (int)ruleset;
}

static void allow(int ruleset, int file, uint64_t access, const char *path) {
  struct __attribute__((packed)) {
    uint64_t access;
    int32_t file;
  } rule = {access, file};
  long result = CALL4(SYS_landlock_add_rule, ruleset, LANDLOCK_PATH_BENEATH, &rule, 0);
  if (result < 0) fail(NO_RULE, "landlock takes no rule for", path, result);
}

static void allow_path(int ruleset, uint64_t access, const char *path) {
  int file = open_path(path, NO_FILE);
  allow(ruleset, file, access, path);
  CALL1(SYS_close, file);
}

/*
 * A rule holds for a folder of /proc only as long as the kernel keeps that very folder in memory. This descriptor, which the
 * program inherits, makes it do so.
 */
static void allow_own_process(int ruleset) {
  const char *path = "/proc/self";
  long file = CALL4(SYS_openat, AT_FDCWD, path, O_PATH, 0);
  if (file < 0) fail(NO_FILE, "cannot be opened", path, file);
  allow(ruleset, (int)file, MAY_READ_FILE | MAY_READ_FOLDER, path);
}

/* The rules, up to `--`; where the program stands in the arguments. */
static int read_rules(int ruleset, int count, char **values) {
  for (int at = 4; at < count; at++) {
    if (same_text(values[at], "--")) return at + 1;
    if (same_text(values[at], "--own-process")) {
      allow_own_process(ruleset);
      continue;
    }
    const char *path = at + 1 < count ? values[at + 1] : NULL;
    if (path == NULL) break;
    if (same_text(values[at], "--run")) allow_path(ruleset, MAY_EXECUTE | MAY_READ_FILE, path);
    else if (same_text(values[at], "--file")) allow_path(ruleset, MAY_READ_FILE, path);
    else if (same_text(values[at], "--folder")) allow_path(ruleset, MAY_READ_FILE | MAY_READ_FOLDER, path);
    else fail(BAD_USAGE, "unknown argument", values[at], 0);
    at++;
  }
  fail(BAD_USAGE, "the arguments name no program", NULL, 0);
}

static void limit(int resource, int64_t value, const char *name) {
  uint64_t both[2] = {(uint64_t)value, (uint64_t)value};
  long result = CALL4(SYS_prlimit64, 0, resource, both, NULL);
  if (result < 0) fail(NO_LIMIT, "a limit cannot be set", name, result);
}

/* Before the limit of descriptors falls below its number. */
static void hold_program(const char *path) {
  uint64_t both[2];
  long result = CALL4(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, both);
  if (result >= 0 && both[0] <= PROGRAM_FD) {
    both[0] = both[1];
    CALL4(SYS_prlimit64, 0, RLIMIT_NOFILE, both, NULL);
  }
  int file = open_path(path, NO_PROGRAM);
  result = CALL3(SYS_dup3, file, PROGRAM_FD, O_CLOEXEC);
  if (result < 0) fail(NO_DESCRIPTOR, "no descriptor with a number that high (ulimit -n)", NULL, result);
  CALL1(SYS_close, file);
}

static void map_empty_name(void) {
  long at = CALL6(SYS_mmap, EMPTY_NAME, PAGE_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (at != (long)EMPTY_NAME) fail(NO_NAME, "the lowest page cannot be mapped (vm.mmap_min_addr above 65536)", NULL, at);
}

__attribute__((used)) static void launch(long *stack) {
  int count = (int)stack[0];
  char **values = (char **)(stack + 1);
  char **environment = values + count + 1;
  if (count < 4) fail(BAD_USAGE, "the arguments are incomplete", NULL, 0);
  struct filter filter = {read_filter(values[1]), instructions};
  int64_t data_bytes = parse_number(values[2]), file_bytes = parse_number(values[3]);
  if (data_bytes <= 0 || file_bytes <= 0) fail(BAD_USAGE, "a limit is no number", NULL, 0);

  drop_privileges();
  int ruleset = create_ruleset();
  int program = read_rules(ruleset, count, values);
  if (program >= count) fail(BAD_USAGE, "the arguments name no program", NULL, 0);
  hold_program(values[program]);
  long result = CALL2(SYS_landlock_restrict_self, ruleset, 0);
  if (result < 0) fail(NO_RESTRICTION, "landlock cannot be put in force", NULL, result);
  CALL1(SYS_close, ruleset);

  limit(RLIMIT_CORE, 0, "core");
  limit(RLIMIT_DATA, data_bytes, "data");
  limit(RLIMIT_FSIZE, file_bytes, "file size");
  limit(RLIMIT_NOFILE, FILES_MAX, "descriptors");
  map_empty_name();
  result = CALL3(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
  if (result < 0) fail(NO_SECCOMP, "the kernel takes no seccomp filter", NULL, result);

  result = CALL5(SYS_execveat, PROGRAM_FD, EMPTY_NAME, values + program, environment, AT_EMPTY_PATH);
  fail(NO_START, "cannot be started", values[program], result);
}

ENTRY(launch);
