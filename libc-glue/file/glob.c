// SPDX-License-Identifier: BSD-2-Clause
// glob(): the path names a pattern stands for. fnmatch() decides about one component; this file
// walks the directories. newlib's is BSD's of 1993: other flags, no GLOB_NOMATCH.
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// One call of glob(), for all that it calls. The caller's glob_t grows as names are found, so that
// globfree() frees it whatever the outcome: POSIX wants it valid after GLOB_ABORTED and
// GLOB_NOSPACE too.
struct walk {
    glob_t *g;
    int flags;
    int (*on_error)(const char *, int);
};

// Two slots more than there are names: for this one and the NULL at the end. The array is moved for
// each name; realloc() makes that cheap, and most patterns match few.
static int add_path(struct walk *w, const char *path, int is_dir)
{
    size_t offs = w->flags & GLOB_DOOFFS ? w->g->gl_offs : 0;
    char **v = realloc(w->g->gl_pathv, (offs + w->g->gl_pathc + 2) * sizeof *v);
    if (!v)
        return GLOB_NOSPACE;
    // GLOB_DOOFFS: so many empty slots in front, at the first name only.
    if (!w->g->gl_pathv)
        memset(v, 0, offs * sizeof *v);
    w->g->gl_pathv = v;
    size_t len = strlen(path);
    char *s = malloc(len + 2);
    if (!s)
        return GLOB_NOSPACE;
    memcpy(s, path, len + 1);
    if (is_dir && (w->flags & GLOB_MARK) && len > 0 && s[len - 1] != '/')
        strcpy(s + len, "/");
    v[offs + w->g->gl_pathc++] = s;
    v[offs + w->g->gl_pathc] = NULL;
    return 0;
}

// Whether the LEN bytes at S hold a wildcard that no backslash hides.
static int is_magic(const char *s, size_t len, int flags)
{
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '\\' && !(flags & GLOB_NOESCAPE) && i + 1 < len)
            i++;
        else if (strchr("*?[", s[i]))
            return 1;
    }
    return 0;
}

// Appends the LEN bytes at S to PATH (holding AT bytes), without the escapes; -1 if too long.
static long append_unescaped(char *path, size_t at, const char *s, size_t len, int flags)
{
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '\\' && !(flags & GLOB_NOESCAPE) && i + 1 < len)
            i++;
        if (at + 1 >= PATH_MAX)
            return -1;
        path[at++] = s[i];
    }
    path[at] = '\0';
    return (long)at;
}

static int descend(struct walk *w, char *path, size_t at, const char *rest);

// All entries of the directory PATH (AT bytes, "" is the working one) that match the LEN bytes of
// PATTERN; REST follows it.
static int match_dir(struct walk *w, char *path, size_t at, const char *pattern, size_t len)
{
    char component[NAME_MAX + 1];
    const char *rest = pattern + len;
    int r = 0;
    if (len > NAME_MAX)
        return 0;
    memcpy(component, pattern, len);
    component[len] = '\0';
    // A directory that cannot be read matches nothing, unless the caller's function or GLOB_ERR
    // says that this is an error (XSH glob()).
    DIR *d = opendir(at ? path : ".");
    if (!d) {
        int stop = w->on_error && errno != ENOTDIR && w->on_error(path, errno);
        return stop || ((w->flags & GLOB_ERR) && errno != ENOTDIR) ? GLOB_ABORTED : 0;
    }
    int how = FNM_PATHNAME | (w->flags & GLOB_PERIOD ? 0 : FNM_PERIOD) |
              (w->flags & GLOB_NOESCAPE ? FNM_NOESCAPE : 0);
    for (struct dirent *e; r == 0 && (e = readdir(d));) {
        if (fnmatch(component, e->d_name, how) != 0)
            continue;
        size_t n = strlen(e->d_name);
        if (at + n + 1 >= PATH_MAX)
            continue;
        memcpy(path + at, e->d_name, n + 1);
        r = descend(w, path, at + n, rest);
        // The buffer is one for the whole walk; each level cuts it back to its own length.
        path[at] = '\0';
    }
    closedir(d);
    return r;
}

// A component without wildcards is appended without looking: the lstat() at the end finds out for
// all of them at once, and directories that may be searched but not read can be passed (XCU
// 2.13.3). The last one is looked at by lstat(): a link to nowhere is a name like any other.
// PATH (AT bytes) matched so far; REST is the pattern's remainder, beginning with '/' or empty.
static int descend(struct walk *w, char *path, size_t at, const char *rest)
{
    struct stat st;
    while (*rest == '/') { // slashes are kept as they are written
        if (at + 1 >= PATH_MAX)
            return 0;
        path[at++] = *rest++;
        path[at] = '\0';
    }
    if (!*rest) {
        if (lstat(path, &st) < 0)
            return 0;
        int is_dir = S_ISDIR(st.st_mode) ||
                     (S_ISLNK(st.st_mode) && stat(path, &st) == 0 && S_ISDIR(st.st_mode));
        return (w->flags & GLOB_ONLYDIR) && !is_dir ? 0 : add_path(w, path, is_dir);
    }
    size_t len = strcspn(rest, "/");
    if (is_magic(rest, len, w->flags))
        return match_dir(w, path, at, rest, len);
    long n = append_unescaped(path, at, rest, len, w->flags);
    return n < 0 ? 0 : descend(w, path, (size_t)n, rest + len);
}

// POSIX sorts by the locale's collation; in the C locale that is by bytes.
static int by_name(const void *a, const void *b)
{
    return strcoll(*(char *const *)a, *(char *const *)b);
}

// One pattern without braces or tilde: its matches, sorted among themselves.
static int match(struct walk *w, const char *pattern)
{
    char path[PATH_MAX] = "";
    size_t first = w->g->gl_pathc;
    int r = *pattern ? descend(w, path, 0, pattern) : 0;
    size_t offs = w->flags & GLOB_DOOFFS ? w->g->gl_offs : 0;
    // Only this pattern's: names of an earlier alternative, or of an earlier call with GLOB_APPEND,
    // stay in front.
    if (!(w->flags & GLOB_NOSORT) && w->g->gl_pathc > first)
        qsort(w->g->gl_pathv + offs + first, w->g->gl_pathc - first, sizeof(char *), by_name);
    return r;
}

// The end of the alternative at S inside braces: its ',' or '}'; NULL when they do not close.
static const char *alternative(const char *s)
{
    int depth = 0;
    for (; *s; s++) {
        if (*s == '\\' && s[1])
            s++;
        else if (*s == '{')
            depth++;
        else if (depth == 0 && (*s == ',' || *s == '}'))
            return s;
        else if (*s == '}')
            depth--;
    }
    return NULL;
}

// Expands the first {a,b} of PATTERN, each alternative in turn; "{}" stands for itself.
static int braces(struct walk *w, const char *pattern)
{
    const char *open = w->flags & GLOB_BRACE ? strchr(pattern, '{') : NULL;
    if (open && open[1] == '}')
        open = strchr(open + 1, '{');
    const char *last = open, *end;
    while (last && (last = alternative(last + 1)) && *last != '}')
        ;
    if (!open || !last)
        return match(w, pattern);
    int r = 0;
    for (const char *s = open + 1; r == 0; s = end + 1) {
        char one[PATH_MAX];
        end = alternative(s);
        size_t head = (size_t)(open - pattern), len = (size_t)(end - s);
        if (head + len + strlen(last + 1) < sizeof one) {
            memcpy(one, pattern, head);
            memcpy(one + head, s, len);
            strcpy(one + head + len, last + 1);
            r = braces(w, one);
        }
        if (*end == '}')
            break;
    }
    return r;
}

// "~/x" and "~user/x", if the home is known; otherwise the pattern as it is.
static const char *tilde(const char *pattern, char *room)
{
    char user[64];
    size_t len = strcspn(pattern, "/");
    if (*pattern != '~' || len > sizeof user)
        return pattern;
    memcpy(user, pattern + 1, len - 1);
    user[len - 1] = '\0';
    const char *home = len == 1 ? getenv("HOME") : NULL;
    struct passwd *pw = home ? NULL : len == 1 ? getpwuid(getuid()) : getpwnam(user);
    if (pw)
        home = pw->pw_dir;
    if (!home || strlen(home) + strlen(pattern + len) >= PATH_MAX)
        return pattern;
    strcpy(room, home);
    return strcat(room, pattern + len);
}

// With GLOB_APPEND the caller's structure is continued, and its flags must be those of the first
// call. Without a match GLOB_NOCHECK gives back the pattern as it stands, backslashes included.
int glob(const char *restrict pattern, int flags, int (*on_error)(const char *, int),
         glob_t *restrict g)
{
    char room[PATH_MAX];
    struct walk w = {g, flags, on_error};
    if (!(flags & GLOB_APPEND)) {
        g->gl_pathc = 0;
        g->gl_pathv = NULL;
    }
    g->gl_flags = flags;
    size_t before = g->gl_pathc;
    if (flags & GLOB_TILDE)
        pattern = tilde(pattern, room);
    int r = braces(&w, pattern);
    if (r || g->gl_pathc > before)
        return r;
    int plain = !is_magic(pattern, strlen(pattern), flags);
    if ((flags & GLOB_NOCHECK) || ((flags & GLOB_NOMAGIC) && plain))
        return add_path(&w, pattern, 0);
    return GLOB_NOMATCH;
}

// The slots in front that GLOB_DOOFFS reserved are the caller's, who may have filled them: only the
// names behind them are freed.
void globfree(glob_t *g)
{
    size_t offs = g->gl_flags & GLOB_DOOFFS ? g->gl_offs : 0;
    for (size_t i = 0; i < g->gl_pathc; i++)
        free(g->gl_pathv[offs + i]);
    free(g->gl_pathv);
    g->gl_pathc = 0;
    g->gl_pathv = NULL;
}
