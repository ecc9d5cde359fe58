// SPDX-License-Identifier: BSD-2-Clause
// wordexp(): a shell's expansions, done by the shell (XCU 2.6): /bin/sh of the image writes the
// words with a NUL behind each. What the standard forbids in the text is found here first, so that
// nothing but words gets there.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fcntl.h>
#include <wordexp.h>

// Where in a text of shell words we are.
struct quoting {
    char quote; // ' or " or none
    int depth;  // of brackets behind a $, where everything is allowed
};

// Looks at TEXT's character *P, which may move on. Returns 0, or what wordexp() fails with.
static int check_one(const char **p, struct quoting *q, int flags)
{
    char c = **p;
    if (c == '\\' && q->quote != '\'') {
        if (!(*p)[1])
            return WRDE_SYNTAX;
        ++*p;
        return 0;
    }
    if (q->quote != '\'' && (c == '`' || (c == '$' && (*p)[1] == '(' && (*p)[2] != '(')))
        if (flags & WRDE_NOCMD)
            return WRDE_CMDSUB;
    if (q->quote == '\'') {
        q->quote = c == '\'' ? 0 : q->quote;
    } else if (c == '$' && ((*p)[1] == '(' || (*p)[1] == '{')) {
        q->depth++;
        ++*p;
    } else if (q->depth && (c == '(' || c == '{')) {
        q->depth++;
    } else if (q->depth && (c == ')' || c == '}')) {
        q->depth--;
    } else if (c == '"') {
        q->quote = q->quote ? 0 : '"';
    } else if (c == '\'' && !q->quote) {
        q->quote = '\'';
    } else if (!q->quote && !q->depth && strchr("\n|&;<>(){}", c)) {
        return WRDE_BADCHAR;
    }
    return 0;
}

// A quote or a bracket that is not closed is an error of syntax.
static int check_words(const char *text, int flags)
{
    struct quoting q = {0};
    for (const char *p = text; *p; p++) {
        int error = check_one(&p, &q, flags);
        if (error)
            return error;
    }
    return q.quote || q.depth ? WRDE_SYNTAX : 0;
}

// In the child: the shell, writing to FD.
static void become_shell(const char *text, int fd, int flags)
{
    // The first word shows that there was no error even when there is no other.
    static const char script[] = "eval \"printf '%s\\0' x $1\"";
    const char *options = flags & WRDE_UNDEF ? "-uc" : "-c";
    if (!(flags & WRDE_SHOWERR)) {
        int null = open("/dev/null", O_WRONLY);
        if (null >= 0)
            dup2(null, STDERR_FILENO);
    }
    dup2(fd, STDOUT_FILENO);
    execl("/bin/sh", "sh", options, script, "sh", text, (char *)NULL);
    _exit(127);
}

// Adds WORD, which it owns, to W. Returns 0 or WRDE_NOSPACE.
static int add_word(wordexp_t *w, size_t offset, char *word)
{
    char **more = realloc(w->we_wordv, (offset + w->we_wordc + 2) * sizeof *more);
    if (!more) {
        free(word);
        return WRDE_NOSPACE;
    }
    w->we_wordv = more;
    more[offset + w->we_wordc++] = word;
    more[offset + w->we_wordc] = NULL;
    return 0;
}

// The words the shell writes into F, but for the first.
static int read_words(FILE *f, wordexp_t *w, size_t offset)
{
    int first = 1, error = 0;
    while (!error) {
        char *word = NULL;
        size_t room = 0;
        if (getdelim(&word, &room, '\0', f) < 0) {
            free(word);
            return first ? WRDE_SYNTAX : 0;
        }
        if (first)
            free(word);
        else
            error = add_word(w, offset, word);
        first = 0;
    }
    return error;
}

// The words come through a pipe, so that no number of them is too large.
static int expand(const char *text, wordexp_t *w, size_t offset, int flags)
{
    int p[2], status;
    if (pipe2(p, O_CLOEXEC) < 0)
        return WRDE_NOSPACE;
    pid_t child = fork();
    if (child == 0)
        become_shell(text, p[1], flags);
    close(p[1]);
    FILE *f = child > 0 ? fdopen(p[0], "r") : NULL;
    int error = f ? read_words(f, w, offset) : WRDE_NOSPACE;
    if (f)
        fclose(f);
    else
        close(p[0]);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (error == WRDE_SYNTAX && flags & WRDE_UNDEF)
        return WRDE_BADVAL; // what the shell stops at then
    return error;
}

// The places in front that WRDE_DOOFFS asks for are NULL.
static int reserve(wordexp_t *w, int flags)
{
    size_t offset = flags & WRDE_DOOFFS ? w->we_offs : 0;
    if (flags & WRDE_APPEND)
        return 0;
    w->we_wordc = 0;
    w->we_wordv = calloc(offset + 1, sizeof *w->we_wordv);
    if (!(flags & WRDE_DOOFFS))
        w->we_offs = 0;
    return w->we_wordv ? 0 : WRDE_NOSPACE;
}

// What was there before stays when this fails (XSH wordexp()), but with WRDE_REUSE.
int wordexp(const char *restrict text, wordexp_t *restrict w, int flags)
{
    wordexp_t old = *w;
    int error = check_words(text, flags);
    if (error)
        return error;
    if (flags & WRDE_REUSE)
        wordfree(w);
    error = reserve(w, flags);
    if (error)
        return error;
    size_t before = flags & WRDE_APPEND ? old.we_wordc : 0;
    error = expand(text, w, w->we_offs, flags);
    if (error && error != WRDE_NOSPACE) { // no word of a text that failed stays
        while (w->we_wordc > before)
            free(w->we_wordv[w->we_offs + --w->we_wordc]);
        w->we_wordv[w->we_offs + w->we_wordc] = NULL;
    }
    return error;
}

// Also of a list that was never filled.
void wordfree(wordexp_t *w)
{
    for (size_t i = 0; w->we_wordv && i < w->we_wordc; i++)
        free(w->we_wordv[w->we_offs + i]);
    free(w->we_wordv);
    w->we_wordv = NULL;
    w->we_wordc = 0;
}
