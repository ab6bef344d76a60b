/* Writes down, in order, what a process asks of the disk below a folder: loaded before its C library (LD_PRELOAD), for
 * `power.rs`, which decides what of it a power cut leaves. POWER_UNDER is the folder, POWER_TRACE the file. Needs no root.
 *
 * A record: kind, microseconds since the epoch, bytes of the path, of the second path, inode, offset, bytes of data; then these
 * three. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t one_at_a_time = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static int trace = -1;
static const char *under;

static void raw(const void *bytes, size_t count) {
    const char *at = bytes;
    while (count > 0) {
        long written = syscall(SYS_write, trace, at, count);
        if (written <= 0) abort();
        at += written, count -= (size_t)written;
    }
}

static int is_under(const char *path) {
    if (!under) {
        const char *file = getenv("POWER_TRACE");
        under = getenv("POWER_UNDER");
        if (!under || !file) under = "?";
        else trace = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
    return trace >= 0 && path && strncmp(path, under, strlen(under)) == 0;
}

static void note(char kind, const char *path, const char *other, uint64_t inode, uint64_t offset, const void *data,
                 uint64_t count) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct { uint64_t kind, time, path, other, inode, offset, count; } head = {
        (uint64_t)kind, (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000, strlen(path), other ? strlen(other) : 0, inode, offset, count};
    raw(&head, sizeof head);
    raw(path, head.path);
    raw(other, head.other);
    raw(data, count);
}

/* The path and the inode of an open file, if it lies below the folder. */
static int known(int fd, char path[PATH_MAX], struct stat *found) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_under(path) && fstat(fd, found) == 0;
}

#define REAL(type, name, ...) ((type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))
#define LOCK pthread_mutex_lock(&one_at_a_time)
#define UNLOCK pthread_mutex_unlock(&one_at_a_time)

static int opened(const char *name, const char *path, int flags, mode_t mode) {
    LOCK;
    struct stat found;
    int is_new = (flags & O_CREAT) && is_under(path) && syscall(SYS_newfstatat, AT_FDCWD, path, &found, 0) != 0;
    int fd = REAL(int, name, const char *, int, ...)(path, flags, mode);
    if (fd >= 0 && is_under(path) && fstat(fd, &found) == 0) {
        if (is_new) note('c', path, 0, found.st_ino, 0, 0, 0);
        else if ((flags & O_TRUNC) && S_ISREG(found.st_mode)) note('t', path, 0, found.st_ino, 0, 0, 0);
    }
    UNLOCK;
    return fd;
}

#define MODE(mode) va_list rest; va_start(rest, flags); mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0; va_end(rest)
int open(const char *path, int flags, ...) { MODE(mode); return opened("open", path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(mode); return opened("open64", path, flags, mode); }

ssize_t write(int fd, const void *data, size_t count) {
    LOCK;
    char path[PATH_MAX];
    struct stat found;
    int is_known = known(fd, path, &found) && S_ISREG(found.st_mode);
    off_t at = is_known ? ((fcntl(fd, F_GETFL) & O_APPEND) ? found.st_size : lseek(fd, 0, SEEK_CUR)) : 0;
    ssize_t written = REAL(ssize_t, "write", int, const void *, size_t)(fd, data, count);
    if (is_known && written > 0) note('w', path, 0, found.st_ino, (uint64_t)at, data, (uint64_t)written);
    UNLOCK;
    return written;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    char path[PATH_MAX];
    struct stat found;
    LOCK;
    ssize_t all = 0;
    if (known(fd, path, &found)) {
        for (int part = 0; part < count; part++) {
            ssize_t written = write(fd, parts[part].iov_base, parts[part].iov_len);
            if (written < 0) { all = all ? all : written; break; }
            all += written;
            if ((size_t)written < parts[part].iov_len) break;
        }
    } else {
        all = REAL(ssize_t, "writev", int, const struct iovec *, int)(fd, parts, count);
    }
    UNLOCK;
    return all;
}

static ssize_t placed(const char *name, int fd, const void *data, size_t count, off_t at) {
    LOCK;
    char path[PATH_MAX];
    struct stat found;
    ssize_t written = REAL(ssize_t, name, int, const void *, size_t, off_t)(fd, data, count, at);
    if (written > 0 && known(fd, path, &found)) note('w', path, 0, found.st_ino, (uint64_t)at, data, (uint64_t)written);
    UNLOCK;
    return written;
}
ssize_t pwrite(int fd, const void *data, size_t count, off_t at) { return placed("pwrite", fd, data, count, at); }
ssize_t pwrite64(int fd, const void *data, size_t count, off_t at) { return placed("pwrite64", fd, data, count, at); }

static int cut(const char *name, int fd, off_t length) {
    LOCK;
    char path[PATH_MAX];
    struct stat found;
    int result = REAL(int, name, int, off_t)(fd, length);
    if (result == 0 && known(fd, path, &found)) note('t', path, 0, found.st_ino, (uint64_t)length, 0, 0);
    UNLOCK;
    return result;
}
int ftruncate(int fd, off_t length) { return cut("ftruncate", fd, length); }
int ftruncate64(int fd, off_t length) { return cut("ftruncate64", fd, length); }

/* Nothing else of this process reaches the disk meanwhile, so all that came before is durable. */
static int synced(const char *name, int fd) {
    LOCK;
    char path[PATH_MAX];
    struct stat found;
    int result = REAL(int, name, int)(fd);
    if (result == 0 && known(fd, path, &found)) note(S_ISDIR(found.st_mode) ? 'd' : 's', path, 0, found.st_ino, 0, 0, 0);
    UNLOCK;
    return result;
}
int fsync(int fd) { return synced("fsync", fd); }
int fdatasync(int fd) { return synced("fdatasync", fd); }

static void names(char kind, const char *path, const char *other) {
    if (is_under(path)) note(kind, path, other, 0, 0, 0, 0);
}
int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags) {
    LOCK;
    int result = REAL(int, "linkat", int, const char *, int, const char *, int)(from_dir, from, to_dir, to, flags);
    if (result == 0) names('l', from, to);
    UNLOCK;
    return result;
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }
int rename(const char *from, const char *to) {
    LOCK;
    int result = REAL(int, "rename", const char *, const char *)(from, to);
    if (result == 0) names('r', from, to);
    UNLOCK;
    return result;
}
int unlink(const char *path) {
    LOCK;
    int result = REAL(int, "unlink", const char *)(path);
    if (result == 0) names('u', path, 0);
    UNLOCK;
    return result;
}
int mkdir(const char *path, mode_t mode) {
    LOCK;
    int result = REAL(int, "mkdir", const char *, mode_t)(path, mode);
    if (result == 0) names('m', path, 0);
    UNLOCK;
    return result;
}
