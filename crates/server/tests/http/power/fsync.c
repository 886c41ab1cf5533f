/*
 * Stands between a server and the disk, as an LD_PRELOAD library: makes fsync and fdatasync slow, tells when each
 * began and ended, keeps aside what a loss of power would leave, and has the disk fail.
 *
 *   SYFT_TEST_HOME             files below this folder are meant, and no others
 *   SYFT_TEST_FSYNC_LOG        a line for each call: start and end on CLOCK_MONOTONIC in ns, path below the home
 *   SYFT_TEST_FSYNC_DELAY_US   each call takes this much longer
 *   SYFT_TEST_FAULTS           a file that says how the disk fails, once it is there: "KINDS ERRNO BEFORE FAILING", in numbers.
 *                              KINDS is 1 for fsync, 2 for writing, 3 for both; so many calls pass, and the next so many
 *                              fail. Of what is written half is written then.
 *   SYFT_TEST_FSYNC_SHADOW     what would be left (optional; calls for one file then go one at a time):
 *       root          the key of the home
 *       data/<key>    a file as it was when the last fsync of it that ended began
 *       names/<key>   a folder's entries as they were when the last fsync of it that ended began:
 *                     "f <key> <name>" or "d <key> <name>" each
 *
 * A key names a file, not its path: what POSIX promises of a name is the business of its folder's fsync alone.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef int (*sync_call)(int);
typedef ssize_t (*write_call)(int, const void *, size_t);
typedef ssize_t (*pwrite_call)(int, const void *, size_t, off_t);
enum { SYNCS = 1, WRITES = 2 };

static sync_call real_fsync, real_fdatasync;
static write_call real_write;
static pwrite_call real_pwrite;
static const char *home, *shadow, *faults;
static size_t home_length;
static long delay_us;
static int log_fd = -1;
/* Of two calls for one file the later must leave its copy: they share a lock. Others seldom do. */
enum { LOCKS = 256 };
static pthread_mutex_t locks[LOCKS];

/* How the disk fails, once it does. */
static pthread_mutex_t fault_lock = PTHREAD_MUTEX_INITIALIZER;
static int failing_kinds, failing_errno;
static long passing_calls, failing_calls = -1;

/* A proof whose instrument is broken must not pass. */
static void fail(const char *what) {
    dprintf(STDERR_FILENO, "fsync shim: %s: %s\n", what, strerror(errno));
    abort();
}

static long long now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000000000LL + at.tv_nsec;
}

/* Numbers of files are given anew once a file is gone; with the time of its birth they are told apart. */
static int key_of(int folder, const char *name, int flags, char *key, size_t size, mode_t *mode) {
    struct statx found;
    if (statx(folder, name, flags, STATX_TYPE | STATX_INO | STATX_BTIME, &found) != 0)
        return -1;
    snprintf(key, size, "%llx-%llx.%x", (unsigned long long)found.stx_ino,
             (unsigned long long)found.stx_btime.tv_sec, found.stx_btime.tv_nsec);
    *mode = found.stx_mode;
    return 0;
}

static void write_all(int fd, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t written = real_write(fd, bytes, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            fail("write");
        bytes += written;
        length -= (size_t)written;
    }
}

/* Closing any descriptor of a database would drop SQLite's locks on it, so what can be read is read as it is. */
static void copy_data(int fd, const char *link, int draft) {
    int readable = (fcntl(fd, F_GETFL) & O_ACCMODE) != O_WRONLY;
    int from = readable ? fd : open(link, O_RDONLY | O_CLOEXEC);
    char buffer[65536];
    off_t at = 0;
    ssize_t got;
    if (from < 0)
        fail("open to copy");
    while ((got = pread(from, buffer, sizeof buffer, at)) > 0) {
        write_all(draft, buffer, (size_t)got);
        at += got;
    }
    if (got < 0)
        fail("pread");
    if (!readable)
        close(from);
}

static void copy_names(const char *link, int draft) {
    DIR *folder = opendir(link);
    struct dirent *entry;
    if (!folder)
        fail("opendir");
    while ((entry = readdir(folder))) {
        char key[64], line[NAME_MAX + 80];
        mode_t mode;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (key_of(dirfd(folder), entry->d_name, AT_SYMLINK_NOFOLLOW, key, sizeof key, &mode) != 0)
            continue; /* gone meanwhile */
        int length = snprintf(line, sizeof line, "%c %s %s\n", S_ISDIR(mode) ? 'd' : 'f', key, entry->d_name);
        write_all(draft, line, (size_t)length);
    }
    closedir(folder);
}

/* Copies what an fsync that begins now will make durable. Answers which lock is held until the copy is in place. */
static unsigned copy(int fd, const char *link, char *draft, char *place) {
    char key[64];
    mode_t mode;
    unsigned lock = 0;
    if (key_of(fd, "", AT_EMPTY_PATH, key, sizeof key, &mode) != 0)
        fail("statx");
    for (const char *at = key; *at; at++)
        lock = lock * 31 + (unsigned char)*at;
    lock %= LOCKS;
    pthread_mutex_lock(&locks[lock]);
    snprintf(draft, PATH_MAX, "%s/draft-%u", shadow, lock);
    snprintf(place, PATH_MAX, "%s/%s/%s", shadow, S_ISDIR(mode) ? "names" : "data", key);
    int to = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (to < 0)
        fail("open a draft");
    if (S_ISDIR(mode))
        copy_names(link, to);
    else
        copy_data(fd, link, to);
    close(to);
    return lock;
}

/* The path of a file, and whether it is in the home. */
static int is_in_home(int fd, char *link, size_t size, char *path) {
    snprintf(link, size, "/proc/self/fd/%d", fd);
    ssize_t length = home ? readlink(link, path, PATH_MAX - 1) : -1;
    if (length < 0)
        return 0;
    path[length] = 0;
    return strncmp(path, home, home_length) == 0 && (path[home_length] == '/' || path[home_length] == 0);
}

/* The error with which this call fails; 0 where it passes. */
static int fault(int kind) {
    int error = 0;
    pthread_mutex_lock(&fault_lock);
    if (failing_calls < 0) {
        FILE *told = fopen(faults, "re");
        if (told && fscanf(told, "%d %d %ld %ld", &failing_kinds, &failing_errno, &passing_calls, &failing_calls) != 4)
            fail("read how to fail");
        if (told)
            fclose(told);
    }
    if (failing_calls > 0 && (failing_kinds & kind)) {
        if (passing_calls > 0) {
            passing_calls--;
        } else {
            failing_calls--;
            error = failing_errno;
        }
    }
    pthread_mutex_unlock(&fault_lock);
    return error;
}

static int call(int fd, sync_call real) {
    char link[64], path[PATH_MAX], draft[PATH_MAX], place[PATH_MAX], line[PATH_MAX + 80];
    if (!is_in_home(fd, link, sizeof link, path))
        return real(fd);
    int failed = faults ? fault(SYNCS) : 0;
    if (failed) {
        errno = failed;
        return -1;
    }

    long long start = now();
    unsigned lock = shadow ? copy(fd, link, draft, place) : 0;
    struct timespec wait = {delay_us / 1000000, delay_us % 1000000 * 1000};
    while (nanosleep(&wait, &wait) != 0 && errno == EINTR)
        ;
    int result = real(fd);
    int error = errno;
    long long end = now();
    if (shadow && result == 0 && rename(draft, place) != 0)
        fail("rename");
    const char *below = path[home_length] == '/' ? path + home_length + 1 : ".";
    int written = snprintf(line, sizeof line, "%lld %lld %s\n", start, end, below);
    write_all(log_fd, line, (size_t)written);
    if (shadow)
        pthread_mutex_unlock(&locks[lock]);
    errno = error;
    return result;
}

__attribute__((constructor)) static void begin(void) {
    const char *log = getenv("SYFT_TEST_FSYNC_LOG"), *delay = getenv("SYFT_TEST_FSYNC_DELAY_US");
    char path[PATH_MAX], key[64];
    mode_t mode;
    *(void **)&real_fsync = dlsym(RTLD_NEXT, "fsync");
    *(void **)&real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    *(void **)&real_write = dlsym(RTLD_NEXT, "write");
    *(void **)&real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    home = getenv("SYFT_TEST_HOME");
    shadow = getenv("SYFT_TEST_FSYNC_SHADOW");
    faults = getenv("SYFT_TEST_FAULTS");
    if (!real_fsync || !real_fdatasync || !real_write || !real_pwrite || !home || !log)
        fail("start");
    home_length = strlen(home);
    delay_us = delay ? atol(delay) : 0;
    log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_fd < 0)
        fail("open the log");
    for (int lock = 0; lock < LOCKS; lock++)
        pthread_mutex_init(&locks[lock], NULL);
    if (!shadow)
        return;
    for (int folder = 0; folder < 2; folder++) {
        snprintf(path, sizeof path, "%s/%s", shadow, folder ? "names" : "data");
        if (mkdir(path, 0700) != 0)
            fail("mkdir");
    }
    if (key_of(AT_FDCWD, home, 0, key, sizeof key, &mode) != 0)
        fail("statx the home");
    snprintf(path, sizeof path, "%s/root", shadow);
    int root = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (root < 0)
        fail("open the root");
    write_all(root, key, strlen(key));
    close(root);
}

int fsync(int fd) {
    return call(fd, real_fsync);
}

int fdatasync(int fd) {
    return call(fd, real_fdatasync);
}

/* Answers how many bytes are written before it fails; -1 where it passes. */
static ssize_t half_written(int fd, size_t length) {
    char link[64], path[PATH_MAX];
    int failed = faults && is_in_home(fd, link, sizeof link, path) ? fault(WRITES) : 0;
    if (!failed)
        return -1;
    errno = failed;
    return (ssize_t)(length / 2);
}

ssize_t write(int fd, const void *bytes, size_t length) {
    ssize_t half = half_written(fd, length);
    int error = errno;
    if (half < 0)
        return real_write(fd, bytes, length);
    if (half > 0)
        real_write(fd, bytes, (size_t)half);
    errno = error;
    return -1;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) {
    ssize_t half = half_written(fd, length);
    int error = errno;
    if (half < 0)
        return real_pwrite(fd, bytes, length, at);
    if (half > 0)
        real_pwrite(fd, bytes, (size_t)half, at);
    errno = error;
    return -1;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
    return pwrite64(fd, bytes, length, at);
}
