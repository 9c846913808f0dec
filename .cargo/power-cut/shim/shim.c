/*
 * Tells everything a program does to the files below one directory, in order, so that a power cut can be played back.
 *
 * Loaded into the real till or server with LD_PRELOAD. Every open for writing, write, truncation, sync, rename and
 * unlink below BARRA_CUT_ROOT becomes one record of BARRA_CUT_JOURNAL, in the order in which it happened. The program
 * goes on as if nothing were there; only that a sync costs nothing, because nothing here has to survive but the journal.
 * At the BARRA_CUT_AT-th record the process dies on the spot, in the middle of whatever it was doing.
 * What a disk may then hold is worked out from the journal by the harness (src/disk.rs), which explains the model.
 *
 * Below a directory in which a directory `disk-is-full` is made, files no longer grow (ENOSPC) until it is removed; with
 * `disk-is-broken`, neither writes nor syncs work (EIO). Both are markers, not files: they are not told.
 *
 * BARRA_CUT_LIES=1 makes syncs pass without a record: a disk that lies, or a program that forgot to sync. The harness
 * must find that out; its tests use it.
 *
 * Limits, of which the harness is told by a record of kind '!': a shared writable map of a followed file. Not seen at
 * all: stdio (fopen), io_uring, Linux AIO, children. Files ending in -shm are left alone: SQLite's shared memory is
 * thrown away after a cut. One lock is held around each operation and its record, so the order told is the order done.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 4096
#define FILES 4096
#define DIRECTORY UINT32_MAX

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static size_t root_length;
static int journal = -1;
static long cut_at;
static long records;
static int lies;

/* What a descriptor is: 0 nothing of ours, DIRECTORY, or a file's number. */
static uint32_t of_fd[FDS];
/* Where a followed directory is. */
static char *dir_of_fd[FDS];
/* Files by the name they have now; a name that went away has no path. */
static struct { char *path; uint32_t file; } names[FILES];
static uint32_t named, files;

__attribute__((constructor)) static void begin(void) {
  const char *below = getenv("BARRA_CUT_ROOT"), *to = getenv("BARRA_CUT_JOURNAL"), *at = getenv("BARRA_CUT_AT");
  if (!below || !to || strlen(below) >= sizeof root) return;
  strcpy(root, below);
  root_length = strlen(root);
  cut_at = at ? atol(at) : 0;
  lies = getenv("BARRA_CUT_LIES") != NULL;
  /* High up, where no program looks for a descriptor of its own. */
  int fd = (int)syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return;
  journal = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, FDS);
  if (journal < 0) journal = fd;
  else syscall(SYS_close, fd);
}

/* kind, three bytes of nothing, file, offset, length; then as many bytes. */
struct head { uint8_t kind, nothing[3]; uint32_t file; uint64_t offset, length; };

static void tell(uint8_t kind, uint32_t file, uint64_t offset, const void *bytes, uint64_t length) {
  struct head head = { kind, { 0 }, file, offset, length };
  struct iovec parts[2] = { { &head, sizeof head }, { (void *)bytes, bytes ? length : 0 } };
  syscall(SYS_writev, journal, parts, 2);
}

static void tell_text(uint8_t kind, uint32_t file, const char *text) { tell(kind, file, 0, text, strlen(text)); }

/* Before every operation that changes something; the one the cut falls on never happens. */
static void count(void) {
  if (++records != cut_at) return;
  syscall(SYS_kill, getpid(), SIGKILL);
  for (;;) pause();
}

static void lock(void) { pthread_mutex_lock(&turn); }
static void unlock(void) { pthread_mutex_unlock(&turn); }

/* The whole path, if it lies below the root and is to be followed. */
static const char *ours(int dir, const char *path, char *whole) {
  if (journal < 0 || !path) return NULL;
  if (path[0] == '/') {
    if (strlen(path) >= PATH_MAX) return NULL;
    strcpy(whole, path);
  } else {
    char link[64];
    if (dir == AT_FDCWD) strcpy(link, "/proc/self/cwd");
    else snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, whole, PATH_MAX - 1);
    if (length < 0 || (size_t)length + strlen(path) + 2 > PATH_MAX) return NULL;
    whole[length] = '/';
    strcpy(whole + length + 1, path);
  }
  size_t length = strlen(whole);
  while (length > 1 && whole[length - 1] == '/') whole[--length] = 0;
  if (strncmp(whole, root, root_length) != 0 || (whole[root_length] != '/' && whole[root_length] != 0)) return NULL;
  if (length > 4 && strcmp(whole + length - 4, "-shm") == 0) return NULL;
  return whole;
}

static uint32_t find(const char *path) {
  for (uint32_t i = 0; i < named; i++)
    if (names[i].path && strcmp(names[i].path, path) == 0) return i;
  return UINT32_MAX;
}

static uint32_t remember(const char *path) {
  uint32_t i = 0;
  while (i < named && names[i].path) i++;
  if (i == FILES) { tell_text('!', 0, "too many files"); return 0; }
  if (i == named) named++;
  names[i].path = strdup(path);
  return names[i].file = ++files;
}

static void forget(const char *path) {
  uint32_t i = find(path);
  if (i == UINT32_MAX) return;
  free(names[i].path);
  names[i].path = NULL;
}

/* The number of a file that is there; told once as one that was there before us. */
static uint32_t known(const char *path) {
  uint32_t i = find(path);
  if (i != UINT32_MAX) return names[i].file;
  uint32_t file = remember(path);
  tell_text('B', file, path);
  return file;
}

static void leave(int fd) {
  if (fd < 0 || fd >= FDS) return;
  of_fd[fd] = 0;
  free(dir_of_fd[fd]);
  dir_of_fd[fd] = NULL;
}

/* Directories whose disk does not do what it should, and what it says instead. */
static struct { char *below; int error; } ill[64];
static uint32_t ill_ones;

static int is_below(const char *path, const char *dir) {
  size_t length = strlen(dir);
  return strncmp(path, dir, length) == 0 && path[length] == '/';
}

/* What the disk says to a file that is to be so long; 0 when it says nothing. */
static int complaint(uint32_t file, int fd, off_t end) {
  if (!ill_ones || !file) return 0;
  for (uint32_t i = 0; i < named; i++) {
    if (!names[i].path || names[i].file != file) continue;
    for (uint32_t j = 0; j < ill_ones; j++) {
      struct stat is;
      if (!ill[j].below || !is_below(names[i].path, ill[j].below)) continue;
      if (ill[j].error == EIO || (fstat(fd, &is) == 0 && end > is.st_size)) return ill[j].error;
    }
  }
  return 0;
}

/* Is it a marker? Then the disk falls ill, or recovers. */
static int falls_ill(const char *path, int recovers) {
  const char *name = strrchr(path, '/');
  int error = !name ? 0 : strcmp(name, "/disk-is-full") == 0 ? ENOSPC : strcmp(name, "/disk-is-broken") == 0 ? EIO : 0;
  if (!error) return 0;
  for (uint32_t i = 0; i < 64; i++) {
    if (recovers && ill[i].below && ill[i].error == error && is_below(path, ill[i].below) && strlen(ill[i].below) == (size_t)(name - path)) {
      free(ill[i].below);
      ill[i].below = NULL;
      break;
    }
    if (!recovers && !ill[i].below) {
      ill[i].below = strndup(path, (size_t)(name - path));
      ill[i].error = error;
      if (i >= ill_ones) ill_ones = i + 1;
      break;
    }
  }
  return 1;
}

static uint32_t file_of(int fd) { return fd >= 0 && fd < FDS && of_fd[fd] != DIRECTORY ? of_fd[fd] : 0; }

static int do_open(int dir, const char *path, int flags, mode_t mode) {
  char whole[PATH_MAX];
  const char *mine = ours(dir, path, whole);
  if (!mine) {
    int fd = (int)syscall(SYS_openat, dir, path, flags, mode);
    if (fd >= 0 && fd < FDS && journal >= 0) { lock(); leave(fd); unlock(); }
    return fd;
  }
  lock();
  int was_there = syscall(SYS_faccessat, AT_FDCWD, mine, F_OK) == 0;
  if ((flags & O_CREAT && !was_there) || flags & O_TRUNC) count();
  int fd = (int)syscall(SYS_openat, dir, path, flags, mode);
  int kept = errno;
  if (fd >= FDS) tell_text('!', 0, "too many descriptors");
  if (fd >= 0 && fd < FDS) {
    struct stat is;
    leave(fd);
    if (fstat(fd, &is) == 0 && S_ISDIR(is.st_mode)) {
      of_fd[fd] = DIRECTORY;
      dir_of_fd[fd] = strdup(mine);
    } else if (!was_there) {
      of_fd[fd] = remember(mine);
      tell_text('C', of_fd[fd], mine);
    } else {
      of_fd[fd] = known(mine);
      if (flags & O_TRUNC) tell('T', of_fd[fd], 0, NULL, 0);
    }
  }
  unlock();
  errno = kept;
  return fd;
}

#define MODE(flags) ({ mode_t m = 0; if ((flags) & (O_CREAT | O_TMPFILE)) { va_list l; va_start(l, flags); m = va_arg(l, mode_t); va_end(l); } m; })
int open(const char *path, int flags, ...) { return do_open(AT_FDCWD, path, flags, MODE(flags)); }
int open64(const char *path, int flags, ...) { return do_open(AT_FDCWD, path, flags, MODE(flags)); }
int openat(int dir, const char *path, int flags, ...) { return do_open(dir, path, flags, MODE(flags)); }
int openat64(int dir, const char *path, int flags, ...) { return do_open(dir, path, flags, MODE(flags)); }
int creat(const char *path, mode_t mode) { return do_open(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return do_open(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

int close(int fd) {
  lock();
  if (fd == journal && journal >= 0) { unlock(); errno = EBADF; return -1; }
  leave(fd);
  int done = (int)syscall(SYS_close, fd);
  unlock();
  return done;
}

static int doubled(int from, int to) {
  if (journal < 0 || to < 0 || to == from) return to;
  lock();
  leave(to);
  if (from >= 0 && from < FDS && to < FDS) {
    of_fd[to] = of_fd[from];
    dir_of_fd[to] = dir_of_fd[from] ? strdup(dir_of_fd[from]) : NULL;
  }
  unlock();
  return to;
}
int dup(int fd) { return doubled(fd, (int)syscall(SYS_dup, fd)); }
int dup2(int fd, int to) { return fd == to ? to : doubled(fd, (int)syscall(SYS_dup3, fd, to, 0)); }
int dup3(int fd, int to, int flags) { return doubled(fd, (int)syscall(SYS_dup3, fd, to, flags)); }

static int do_fcntl(int fd, int command, long argument) {
  int done = (int)syscall(SYS_fcntl, fd, command, argument);
  return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? doubled(fd, done) : done;
}
#define ARGUMENT(last) ({ va_list l; va_start(l, last); long a = va_arg(l, long); va_end(l); a; })
int fcntl(int fd, int command, ...) { return do_fcntl(fd, command, ARGUMENT(command)); }
int fcntl64(int fd, int command, ...) { return do_fcntl(fd, command, ARGUMENT(command)); }

static ssize_t do_pwrite(int fd, const void *bytes, size_t length, off_t offset) {
  lock();
  uint32_t file = file_of(fd);
  int refused = complaint(file, fd, offset + (off_t)length);
  if (refused) { unlock(); errno = refused; return -1; }
  if (file) count();
  ssize_t done = syscall(SYS_pwrite64, fd, bytes, length, offset);
  int kept = errno;
  if (file && done > 0) tell('W', file, (uint64_t)offset, bytes, (uint64_t)done);
  unlock();
  errno = kept;
  return done;
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return do_pwrite(fd, bytes, length, offset); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) { return do_pwrite(fd, bytes, length, offset); }

ssize_t write(int fd, const void *bytes, size_t length) {
  /* Pipes and sockets may block, and others must not wait for that. */
  if (journal < 0 || !file_of(fd)) {
    ssize_t done = syscall(SYS_write, fd, bytes, length);
    if (fd == STDOUT_FILENO && journal >= 0 && done > 0) { int kept = errno; lock(); tell('K', 0, (uint64_t)records, NULL, 0); unlock(); errno = kept; }
    return done;
  }
  lock();
  uint32_t file = file_of(fd);
  int refused = complaint(file, fd, syscall(SYS_lseek, fd, 0, SEEK_CUR) + (off_t)length);
  if (refused) { unlock(); errno = refused; return -1; }
  count();
  ssize_t done = syscall(SYS_write, fd, bytes, length);
  int kept = errno;
  /* With O_APPEND only the place after it is known for sure. */
  if (file && done > 0) tell('W', file, (uint64_t)(syscall(SYS_lseek, fd, 0, SEEK_CUR) - done), bytes, (uint64_t)done);
  unlock();
  errno = kept;
  return done;
}

/* One part at a time: a short write is something every caller has to live with. */
ssize_t writev(int fd, const struct iovec *parts, int number) {
  if (journal < 0 || !file_of(fd)) return syscall(SYS_writev, fd, parts, number);
  for (int i = 0; i < number; i++)
    if (parts[i].iov_len) return write(fd, parts[i].iov_base, parts[i].iov_len);
  return 0;
}
static ssize_t do_pwritev(int fd, const struct iovec *parts, int number, off_t offset) {
  for (int i = 0; i < number; i++)
    if (parts[i].iov_len) return do_pwrite(fd, parts[i].iov_base, parts[i].iov_len, offset);
  return 0;
}
ssize_t pwritev(int fd, const struct iovec *parts, int number, off_t offset) { return do_pwritev(fd, parts, number, offset); }
ssize_t pwritev64(int fd, const struct iovec *parts, int number, off64_t offset) { return do_pwritev(fd, parts, number, offset); }

static int do_truncate(int fd, off_t length) {
  lock();
  uint32_t file = file_of(fd);
  int refused = complaint(file, fd, length);
  if (refused) { unlock(); errno = refused; return -1; }
  if (file) count();
  int done = (int)syscall(SYS_ftruncate, fd, length);
  int kept = errno;
  if (file && done == 0) tell('T', file, (uint64_t)length, NULL, 0);
  unlock();
  errno = kept;
  return done;
}
int ftruncate(int fd, off_t length) { return do_truncate(fd, length); }
int ftruncate64(int fd, off64_t length) { return do_truncate(fd, length); }

static int do_allocate(int fd, int mode, off_t offset, off_t length) {
  lock();
  uint32_t file = file_of(fd);
  struct stat is;
  int refused = complaint(file, fd, offset + length);
  if (refused) { unlock(); errno = refused; return -1; }
  if (file) count();
  int done = (int)syscall(SYS_fallocate, fd, mode, offset, length);
  int kept = errno;
  if (file && done == 0) {
    if (mode != 0) tell_text('!', file, "fallocate with a mode");
    else if (fstat(fd, &is) == 0) tell('T', file, (uint64_t)is.st_size, NULL, 0);
  }
  unlock();
  errno = kept;
  return done;
}
int fallocate(int fd, int mode, off_t offset, off_t length) { return do_allocate(fd, mode, offset, length); }
int fallocate64(int fd, int mode, off64_t offset, off64_t length) { return do_allocate(fd, mode, offset, length); }
int posix_fallocate(int fd, off_t offset, off_t length) { return do_allocate(fd, 0, offset, length) == 0 ? 0 : errno; }
int posix_fallocate64(int fd, off64_t offset, off64_t length) { return do_allocate(fd, 0, offset, length) == 0 ? 0 : errno; }

static int do_sync(int fd, long number) {
  lock();
  if (journal < 0 || fd < 0 || fd >= FDS || !of_fd[fd]) {
    unlock();
    return (int)syscall(number, fd);
  }
  int refused = complaint(of_fd[fd] == DIRECTORY ? 0 : of_fd[fd], fd, 0);
  if (refused) { unlock(); errno = refused; return -1; }
  count();
  if (lies) ;
  else if (of_fd[fd] == DIRECTORY) tell_text('D', 0, dir_of_fd[fd]);
  else tell('S', of_fd[fd], 0, NULL, 0);
  unlock();
  return 0;
}
int fsync(int fd) { return do_sync(fd, SYS_fsync); }
int fdatasync(int fd) { return do_sync(fd, SYS_fdatasync); }

static int do_unlink(int dir, const char *path, int flags) {
  char whole[PATH_MAX];
  const char *mine = ours(dir, path, whole);
  if (!mine) return (int)syscall(SYS_unlinkat, dir, path, flags);
  lock();
  if (flags & AT_REMOVEDIR && falls_ill(mine, 1)) { unlock(); return (int)syscall(SYS_unlinkat, dir, path, flags); }
  count();
  int done = (int)syscall(SYS_unlinkat, dir, path, flags);
  int kept = errno;
  if (done == 0) {
    tell_text(flags & AT_REMOVEDIR ? 'X' : 'U', 0, mine);
    forget(mine);
  }
  unlock();
  errno = kept;
  return done;
}
int unlink(const char *path) { return do_unlink(AT_FDCWD, path, 0); }
int unlinkat(int dir, const char *path, int flags) { return do_unlink(dir, path, flags); }
int rmdir(const char *path) { return do_unlink(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char *path) {
  int done = do_unlink(AT_FDCWD, path, 0);
  return done < 0 && errno == EISDIR ? do_unlink(AT_FDCWD, path, AT_REMOVEDIR) : done;
}

static int do_mkdir(int dir, const char *path, mode_t mode) {
  char whole[PATH_MAX];
  const char *mine = ours(dir, path, whole);
  if (!mine) return (int)syscall(SYS_mkdirat, dir, path, mode);
  lock();
  if (falls_ill(mine, 0)) { unlock(); return (int)syscall(SYS_mkdirat, dir, path, mode); }
  count();
  int done = (int)syscall(SYS_mkdirat, dir, path, mode);
  int kept = errno;
  if (done == 0) tell_text('M', 0, mine);
  unlock();
  errno = kept;
  return done;
}
int mkdir(const char *path, mode_t mode) { return do_mkdir(AT_FDCWD, path, mode); }
int mkdirat(int dir, const char *path, mode_t mode) { return do_mkdir(dir, path, mode); }

static int do_rename(int from_dir, const char *from, int to_dir, const char *to, unsigned flags) {
  char whole[PATH_MAX], other[PATH_MAX], both[2 * PATH_MAX];
  const char *mine = ours(from_dir, from, whole), *goal = ours(to_dir, to, other);
  if (!mine && !goal) return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
  lock();
  count();
  uint32_t file = mine ? known(mine) : 0;
  int done = (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
  int kept = errno;
  if (done == 0) {
    /* Moving directories or out of the followed place is not modelled. */
    struct stat is;
    if (!mine || !goal || flags || (stat(goal, &is) == 0 && S_ISDIR(is.st_mode))) tell_text('!', 0, "rename");
    else {
      size_t length = strlen(mine) + 1;
      memcpy(both, mine, length);
      strcpy(both + length, goal);
      tell('R', file, 0, both, length + strlen(goal));
      forget(goal);
      uint32_t i = find(mine);
      free(names[i].path);
      names[i].path = strdup(goal);
    }
  }
  unlock();
  errno = kept;
  return done;
}
int rename(const char *from, const char *to) { return do_rename(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int a, const char *from, int b, const char *to) { return do_rename(a, from, b, to, 0); }
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) { return do_rename(a, from, b, to, flags); }

static int do_link(int from_dir, const char *from, int to_dir, const char *to, int flags) {
  char whole[PATH_MAX];
  if (ours(to_dir, to, whole)) { lock(); tell_text('!', 0, "link"); unlock(); }
  return (int)syscall(SYS_linkat, from_dir, from, to_dir, to, flags);
}
int link(const char *from, const char *to) { return do_link(AT_FDCWD, from, AT_FDCWD, to, 0); }
int linkat(int a, const char *from, int b, const char *to, int flags) { return do_link(a, from, b, to, flags); }

/* Copies inside the kernel would pass us by; every caller has to be able to do without. */
static ssize_t not_here(void) { errno = EINVAL; return -1; }
ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t length, unsigned flags) {
  return file_of(out) ? not_here() : syscall(SYS_copy_file_range, in, from, out, to, length, flags);
}
ssize_t sendfile(int out, int in, off_t *from, size_t length) {
  return file_of(out) ? not_here() : syscall(SYS_sendfile, out, in, from, length);
}
ssize_t sendfile64(int out, int in, off64_t *from, size_t length) {
  return file_of(out) ? not_here() : syscall(SYS_sendfile, out, in, from, length);
}

static void *do_map(void *at, size_t length, int allowed, int flags, int fd, off_t offset) {
  if (journal >= 0 && flags & MAP_SHARED && allowed & PROT_WRITE && file_of(fd)) {
    lock();
    tell_text('!', file_of(fd), "a shared writable map");
    unlock();
  }
  return (void *)syscall(SYS_mmap, at, length, allowed, flags, fd, offset);
}
void *mmap(void *at, size_t length, int allowed, int flags, int fd, off_t offset) { return do_map(at, length, allowed, flags, fd, offset); }
void *mmap64(void *at, size_t length, int allowed, int flags, int fd, off64_t offset) { return do_map(at, length, allowed, flags, fd, offset); }
