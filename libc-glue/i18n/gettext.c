// SPDX-License-Identifier: BSD-2-Clause
// libintl without catalogues: every message is its own translation, and the plural is English's, as
// GNU's library has it in the C locale. Domains are remembered, since programs ask for what they
// have set.
#include <errno.h>
#include <libintl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// The caller does not change what it gets (the type is older than const).
static char *same(const char *text)
{
    return (char *)(uintptr_t)text;
}

// English has two forms.
static char *either(const char *one, const char *many, unsigned long n)
{
    return same(n == 1 ? one : many);
}

// Without a catalogue a message is its own translation.
char *gettext(const char *text)
{
    return same(text);
}

// From a domain other than the current one; all are empty.
char *dgettext(const char *domain, const char *text)
{
    (void)domain;
    return same(text);
}

// In a category other than LC_MESSAGES.
char *dcgettext(const char *domain, const char *text, int category)
{
    (void)domain, (void)category;
    return same(text);
}

// The forms of a noun by a number, which languages with catalogues have more of.
char *ngettext(const char *one, const char *many, unsigned long n)
{
    return either(one, many, n);
}

// Neither the domain nor the category changes what English says.
char *dngettext(const char *domain, const char *one, const char *many, unsigned long n)
{
    (void)domain;
    return either(one, many, n);
}

char *dcngettext(const char *domain, const char *one, const char *many, unsigned long n,
                 int category)
{
    (void)domain, (void)category;
    return either(one, many, n);
}

// ---- domains ----

static const char first_domain[] = "messages", first_folder[] = "/usr/share/locale";
static char *current_domain; // NULL: the first one

// NULL asks, "" goes back to the first one.
char *textdomain(const char *domain)
{
    if (domain) {
        char *copy = *domain && strcmp(domain, first_domain) ? strdup(domain) : NULL;
        if (*domain && strcmp(domain, first_domain) && !copy)
            return NULL;
        free(current_domain);
        current_domain = copy;
    }
    return current_domain ? current_domain : same(first_domain);
}

// What was set of a domain; never freed, and only as many as the program names.
struct domain {
    struct domain *next;
    char *folder, *codeset;
    char name[];
};
static struct domain *domains;

// Makes one when there is none.
static struct domain *domain_named(const char *name)
{
    struct domain *d = domains;
    while (d && strcmp(d->name, name))
        d = d->next;
    if (d)
        return d;
    d = calloc(1, sizeof *d + strlen(name) + 1);
    if (!d)
        return NULL;
    strcpy(d->name, name);
    d->next = domains;
    return domains = d;
}

// Sets *WHERE to a copy of VALUE; NULL only asks. Returns whether there was memory.
static int domain_set(char **where, const char *value)
{
    char *copy = value ? strdup(value) : NULL;
    if (value && !copy)
        return 0;
    if (value) {
        free(*where);
        *where = copy;
    }
    return 1;
}

// An empty name is an error of the caller: NULL.
char *bindtextdomain(const char *name, const char *folder)
{
    struct domain *d = name && *name ? domain_named(name) : NULL;
    if (!d || !domain_set(&d->folder, folder))
        return NULL;
    return d->folder ? d->folder : same(first_folder);
}

// NULL until one was set: the locale's then.
char *bind_textdomain_codeset(const char *name, const char *codeset)
{
    struct domain *d = name && *name ? domain_named(name) : NULL;
    return d && domain_set(&d->codeset, codeset) ? d->codeset : NULL;
}
