/*
 * Tries what nobody behind the second wall may do, and says what happened:
 *
 *   probe FOLDER PROCESS
 *
 * FOLDER holds the files `secret` and `spare`; PROCESS is a process of the same user. Every attempt is a line `NAME RESULT`:
 * 0 when it succeeded, else the errno. Attempts do no lasting harm where nothing stops them, except inside FOLDER. The last line
 * is `end 0`: without it the probe did not come to its end, and none of its lines counts.
 */
#include "kernel.h"

#define SIGCHLD 17
#define STARTED 7
#define EFAULT 14
#define PATH_BYTES 4096
#define CLONE_NEWNS 0x00020000
#define CLONE_NEWUSER 0x10000000
#define AF_UNIX 1
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#define PROT_READ_WRITE 3
#define MAP_PRIVATE_ANONYMOUS 0x22
#define MAP_FIXED 0x10

static const char *self, *folder;
static long process;
static char **environment;
static uint64_t zeros[32];

/* FOLDER/name, or /proc/PROCESS/name; good until the fourth call from now. */
static const char *path_of(const char *start, const char *name) {
  static char paths[4][PATH_BYTES];
  static int next;
  char *path = paths[next++ % 4];
  size_t at = 0;
  for (const char *from = start; *from != 0 && at < PATH_BYTES - 2; from++) path[at++] = *from;
  path[at++] = '/';
  for (; *name != 0 && at < PATH_BYTES - 1; name++) path[at++] = *name;
  path[at] = 0;
  return path;
}

static const char *in(const char *name) { return path_of(folder, name); }

static const char *of_process(const char *name) {
  static char start[32];
  char digits[20];
  size_t count = 0, at = 6;
  memcpy(start, "/proc/", 6);
  long rest = process;
  do digits[count++] = (char)('0' + rest % 10);
  while ((rest /= 10) > 0);
  while (count > 0) start[at++] = digits[--count];
  start[at] = 0;
  return path_of(start, name);
}

static long open_file(const char *path, long flags) { return CALL4(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0600); }

static long read_byte(const char *path) {
  char byte;
  long file = open_file(path, O_RDONLY);
  if (file < 0) return file;
  long count = CALL3(SYS_read, file, &byte, 1);
  CALL1(SYS_close, file);
  return count;
}

static long list(const char *path) {
  long file = open_file(path, O_RDONLY);
  if (file < 0) return file;
  char entries[512];
  long count = CALL3(SYS_getdents64, file, entries, sizeof entries);
  CALL1(SYS_close, file);
  return count;
}

/* A new process, by a system call whose result is 0 in it. */
static long parent_of(long result) {
  if (result == 0) CALL1(SYS_exit_group, 0);
  return result;
}

static long clone_process(unsigned long flags) { return parent_of(CALL5(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0)); }

static long clone3_process(void) {
  uint64_t arguments[8] = {0, 0, 0, 0, SIGCHLD, 0, 0, 0};
  return parent_of(CALL2(SYS_clone3, arguments, sizeof arguments));
}

enum start { BY_PATH, BY_PATH_AT, BY_HELD_NUMBER, BY_MEMORY, BY_EMPTY_NAME };

static long memory_of_self(void) {
  long memory = CALL2(SYS_memfd_create, "probe", 0), file = open_file(self, O_RDONLY);
  if (memory < 0 || file < 0) return memory < 0 ? memory : file;
  char part[4096];
  for (long count; (count = CALL3(SYS_read, file, part, sizeof part)) > 0;) write_all((int)memory, part, (size_t)count);
  CALL1(SYS_close, file);
  return memory;
}

static long start_self(enum start how, const char *name) {
  char *values[4] = {(char *)self, "--started", (char *)name, NULL};
  switch (how) {
    case BY_PATH:
      return CALL3(SYS_execve, self, values, environment);
    case BY_PATH_AT:
      return CALL5(SYS_execveat, AT_FDCWD, self, values, environment, 0);
    case BY_HELD_NUMBER:
      /* A number that is no descriptor does not matter where the path is absolute. */
      return CALL5(SYS_execveat, PROGRAM_FD, self, values, environment, AT_EMPTY_PATH);
    case BY_MEMORY:
      return CALL5(SYS_execveat, memory_of_self(), "", values, environment, AT_EMPTY_PATH);
    default: {
      long page = CALL6(SYS_mmap, EMPTY_NAME, 4096, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS | MAP_FIXED, -1, 0);
      if (page != (long)EMPTY_NAME) return page < 0 ? page : -EEXIST;
      memcpy(EMPTY_NAME, self, text_length(self) + 1);
      return CALL5(SYS_execveat, PROGRAM_FD, EMPTY_NAME, values, environment, AT_EMPTY_PATH);
    }
  }
}

/* In a process of its own if there can be one; else here, and then this process goes on as `--started`, which says so. */
static long try_start(enum start how, const char *name) {
  long child = CALL5(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (child > 0) {
    int status = 0;
    CALL4(SYS_wait4, child, &status, 0, NULL);
    return ((status >> 8) & 0xff) == STARTED ? 0 : -1;
  }
  long result = start_self(how, name);
  if (child == 0) CALL1(SYS_exit_group, 1);
  return result;
}

static long remap_low(void) {
  long page = CALL6(SYS_mmap, 0, 4096, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
  long moved = CALL5(SYS_mremap, page, 4096, 4096, 3, (long)EMPTY_NAME + 0x4000);
  if (moved >= 0) CALL2(SYS_munmap, moved, 4096);
  return moved;
}

static long pass_descriptor(void) {
  struct {
    uint64_t length;
    int32_t level, type, file, padding;
  } control = {20, 1, 1, 0, 0};
  char byte = 0;
  struct {
    void *base;
    size_t length;
  } part = {&byte, 1};
  struct {
    void *name;
    uint64_t name_length;
    void *parts;
    uint64_t part_count;
    void *control;
    uint64_t control_length;
    uint64_t flags;
  } message = {NULL, 0, &part, 1, &control, 24, 0};
  int pair[2] = {3, 3};
  CALL4(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair);
  return CALL3(SYS_sendmsg, pair[0], &message, 0);
}

static long read_memory_of_process(void) {
  char byte;
  uint64_t here[2] = {(uint64_t)(uintptr_t)&byte, 1}, there[2] = {0x400000, 1};
  long result = CALL6(SYS_process_vm_readv, process, here, 1, there, 1, 0);
  /* It may look, and there is nothing at that address. */
  return result == -EFAULT ? 0 : result;
}

static long bpf_map(void) {
  uint32_t attributes[18] = {2, 4, 4, 1};
  return CALL3(SYS_bpf, 0, attributes, sizeof attributes);
}

static long count_events(void) {
  uint64_t attributes[14] = {0};
  attributes[0] = 1 | (uint64_t)sizeof attributes << 32;
  attributes[5] = 1 << 5;
  return CALL5(SYS_perf_event_open, attributes, 0, -1, -1, 0);
}

static long own_signals(void) {
  long pipe[1] = {0};
  CALL2(SYS_pipe2, pipe, 0);
  return CALL3(SYS_fcntl, (int)pipe[0], 8, process);
}

static long set_time(void) {
  uint64_t times[4] = {1, 0, 1, 0};
  return CALL4(SYS_utimensat, AT_FDCWD, in("secret"), times, 0);
}

static long read_limits(void) {
  uint64_t both[2];
  return CALL4(SYS_prlimit64, process, 7, NULL, both);
}

static long handle_of_root(void) {
  struct {
    uint32_t bytes;
    int32_t type;
    char data[128];
  } handle = {128, 0, {0}};
  int mount;
  return CALL5(SYS_name_to_handle_at, AT_FDCWD, "/", &handle, &mount, 0);
}

/* The filter lets it ask, so that this tells whether capabilities were given up, and not whether their use is refused. */
static long hold_capabilities(void) {
  struct {
    uint32_t version;
    int32_t process;
  } header = {0x20080522, 0};
  uint32_t sets[6] = {0};
  long result = CALL2(SYS_capget, &header, sets);
  if (result < 0) return result;
  for (size_t at = 0; at < 6; at++)
    if (sets[at] != 0) return 0;
  return -1;
}

static long truncate_spare(void) { return CALL2(SYS_truncate, in("spare"), 0); }

static long user_namespace(void) { return clone_process(CLONE_NEWUSER); }

/* What outlives its process is removed at once. IPC_RMID is 0; semctl takes it one argument later. */
static long removed(long id, long number, int skipped) {
  if (id >= 0 && skipped == 0) CALL3(number, id, 0, 0);
  if (id >= 0 && skipped == 1) CALL4(number, id, 0, 0, 0);
  return id;
}

#define SOCKET(family, type) CALL3(SYS_socket, family, type, 0)

/* NAME, ATTEMPT. What one attempt makes, a later one may use: without a wall each succeeds. */
#define ATTEMPTS(TRY)                                                                                                 \
  TRY("read-file", read_byte(in("secret")))                                                                           \
  TRY("read-passwd", read_byte("/etc/passwd"))                                                                        \
  TRY("list-folder", list(folder))                                                                                    \
  TRY("list-root", list("/"))                                                                                         \
  TRY("list-processes", list("/proc"))                                                                                \
  TRY("environment-of-process", open_file(of_process("environ"), O_RDONLY))                                           \
  TRY("memory-of-process", open_file(of_process("mem"), O_RDWR))                                                      \
  TRY("command-line-of-process", read_byte(of_process("cmdline")))                                                    \
  TRY("own-memory-for-writing", open_file("/proc/self/mem", O_RDWR))                                                  \
  TRY("create-file", open_file(in("created"), O_CREAT | O_WRONLY))                                                    \
  TRY("create-file-for-reading", open_file(in("touched"), O_CREAT))                                                   \
  TRY("open-for-writing", open_file(in("spare"), O_WRONLY))                                                           \
  TRY("make-folder", CALL3(SYS_mkdirat, AT_FDCWD, in("made"), 0700))                                                  \
  TRY("make-link", CALL3(SYS_symlinkat, "/etc", AT_FDCWD, in("soft")))                                                \
  TRY("link-file", CALL5(SYS_linkat, AT_FDCWD, in("secret"), AT_FDCWD, in("hard"), 0))                                \
  TRY("make-node", CALL4(SYS_mknodat, AT_FDCWD, in("fifo"), 0010600, 0))                                              \
  TRY("change-mode", CALL3(SYS_fchmodat, AT_FDCWD, in("secret"), 0640))                                               \
  TRY("change-owner", CALL5(SYS_fchownat, AT_FDCWD, in("secret"), -1, -1, 0))                                         \
  TRY("change-time", set_time())                                                                                      \
  TRY("truncate", truncate_spare())                                                                                   \
  TRY("rename", CALL5(SYS_renameat2, AT_FDCWD, in("spare"), AT_FDCWD, in("renamed"), 0))                              \
  TRY("remove", CALL3(SYS_unlinkat, AT_FDCWD, in("hard"), 0))                                                         \
  TRY("socket-unix", SOCKET(AF_UNIX, SOCK_STREAM))                                                                    \
  TRY("socket-inet", SOCKET(2, SOCK_STREAM))                                                                          \
  TRY("socket-inet-datagram", SOCKET(2, SOCK_DGRAM))                                                                  \
  TRY("socket-inet6", SOCKET(10, SOCK_STREAM))                                                                        \
  TRY("socket-netlink", SOCKET(16, SOCK_RAW))                                                                         \
  TRY("socket-packet", SOCKET(17, SOCK_RAW))                                                                          \
  TRY("socket-crypto", SOCKET(38, 5))                                                                                 \
  TRY("socket-vsock", SOCKET(40, SOCK_STREAM))                                                                        \
  TRY("socket-pair", CALL4(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, zeros))                                           \
  TRY("pass-descriptor", pass_descriptor())                                                                           \
  TRY("fork", clone_process(0))                                                                                       \
  TRY("fork-sharing-memory-map", clone_process(0x00000200))                                                           \
  TRY("clone3", clone3_process())                                                                                     \
  TRY("clone-user-namespace", user_namespace())                                                                       \
  TRY("start-by-path", try_start(BY_PATH, "start-by-path"))                                                           \
  TRY("start-by-path-at", try_start(BY_PATH_AT, "start-by-path-at"))                                                  \
  TRY("start-by-held-number", try_start(BY_HELD_NUMBER, "start-by-held-number"))                                      \
  TRY("start-from-memory", try_start(BY_MEMORY, "start-from-memory"))                                                 \
  TRY("start-by-empty-name", try_start(BY_EMPTY_NAME, "start-by-empty-name"))                                         \
  TRY("remap-low", remap_low())                                                                                       \
  TRY("take-held-number", CALL3(SYS_dup3, 1, PROGRAM_FD, O_CLOEXEC))                                                  \
  TRY("signal-process", CALL2(SYS_kill, process, 0))                                                                  \
  TRY("signal-parent", CALL2(SYS_kill, CALL0(SYS_getppid), 0))                                                        \
  TRY("signal-everybody", CALL2(SYS_kill, -1, 0))                                                                     \
  TRY("signal-group", CALL2(SYS_kill, 0, 0))                                                                          \
  TRY("signal-thread", CALL3(SYS_tgkill, process, process, 0))                                                        \
  TRY("signal-thread-alone", CALL2(SYS_tkill, process, 0))                                                            \
  TRY("process-descriptor", CALL2(SYS_pidfd_open, process, 0))                                                        \
  TRY("own-signals", own_signals())                                                                                   \
  TRY("trace-process", CALL4(SYS_ptrace, 0x4206, process, 0, 0))                                                      \
  TRY("read-memory-of-process", read_memory_of_process())                                                             \
  TRY("compare-with-process", CALL5(SYS_kcmp, process, CALL0(SYS_getpid), 1, 0, 0))                                   \
  TRY("limits-of-process", read_limits())                                                                             \
  TRY("priority-of-process", CALL3(SYS_setpriority, 0, CALL0(SYS_getpid), 5))                                         \
  TRY("io-uring", CALL2(SYS_io_uring_setup, 1, memset(zeros, 0, sizeof zeros)))                                       \
  TRY("bpf", bpf_map())                                                                                               \
  TRY("performance-events", count_events())                                                                           \
  TRY("user-fault-descriptor", CALL1(SYS_userfaultfd, 1))                                                             \
  TRY("secret-memory", CALL1(447, 0))                                                                                 \
  TRY("keyring", CALL3(SYS_keyctl, 0, -3, 1))                                                                         \
  TRY("add-key", CALL5(SYS_add_key, "user", "world-probe", "x", 1, -2))                                               \
  TRY("shared-memory", removed(CALL3(SYS_shmget, 0, 4096, 01600), SYS_shmctl, 0))                                     \
  TRY("message-queue", removed(CALL2(SYS_msgget, 0, 01600), SYS_msgctl, 0))                                           \
  TRY("semaphores", removed(CALL3(SYS_semget, 0, 1, 01600), SYS_semctl, 1))                                           \
  TRY("watch-files", CALL1(SYS_inotify_init1, 0))                                                                     \
  TRY("watch-all-files", CALL2(SYS_fanotify_init, 0, 0))                                                              \
  TRY("handle-of-file", handle_of_root())                                                                             \
  TRY("personality", CALL1(SYS_personality, 0xffffffff))                                                              \
  TRY("change-user", CALL1(SYS_setuid, CALL0(SYS_getuid)))                                                            \
  TRY("change-root", CALL1(SYS_chroot, "/"))                                                                          \
  TRY("hold-capabilities", hold_capabilities())                                                                       \
  TRY("host-name", CALL2(SYS_sethostname, zeros, -1) == -22 ? 0 : -1)                                                 \
  TRY("mount", CALL5(SYS_mount, "none", in("made"), "tmpfs", 1, 0))                                                   \
  TRY("unmount", CALL2(SYS_umount2, in("made"), 2))                                                                   \
  TRY("open-mount", CALL3(428, AT_FDCWD, "/", 1))                                                                     \
  TRY("open-file-system", CALL2(430, "tmpfs", 0))                                                                     \
  TRY("user-namespace", CALL1(SYS_unshare, CLONE_NEWUSER))                                                            \
  TRY("mount-namespace", CALL1(SYS_unshare, CLONE_NEWNS))

static void say(const char *name, long result) {
  write_text(1, name);
  write_text(1, " ");
  write_number(1, result < 0 ? -result : 0);
  write_text(1, "\n");
}

__attribute__((used)) static void probe(long *stack) {
  int count = (int)stack[0];
  char **values = (char **)(stack + 1);
  environment = values + count + 1;
  if (count == 3 && same_text(values[1], "--started")) {
    say(values[2], 0);
    CALL1(SYS_exit_group, STARTED);
  }
  if (count != 3 || parse_number(values[2]) <= 0) CALL1(SYS_exit_group, 2);
  self = values[0];
  folder = values[1];
  process = parse_number(values[2]);
#define TRY(name, attempt) say(name, attempt);
  ATTEMPTS(TRY)
  say("end", 0);
  CALL1(SYS_exit_group, 0);
}

ENTRY(probe);
