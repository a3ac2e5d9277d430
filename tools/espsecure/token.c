// SPDX-License-Identifier: Apache-2.0
//
// Where a signing key comes from: a file, a descriptor, or a PKCS#11 token.

#include "tools/espsecure/secure.h"

#include <stdio.h>
#include <string.h>

#include "lib/fb/bytes.h"

// How to reach a key on a token. pin is a secret.
struct token {
    char id[512];
    char label_pubkey[256];
    char module[512];
    char slot[32];
    char pin[256];
};

static bool is_uri(const char *path)
{
    return path != NULL && strncmp(path, "pkcs11:", 7) == 0;
}

// The PIN is the first line of a file.
static int read_pin(const char *path, struct token *token)
{
    struct host_file file;

    if (secure_read_key_file(path, &file) != CLI_OK) {
        return CLI_FAILURE;
    }
    size_t n = 0;
    while (n < file.size && file.data[n] != '\n' && file.data[n] != '\r') {
        n++;
    }
    bool ok = n > 0 && n < sizeof(token->pin);
    if (ok) {
        memcpy(token->pin, file.data, n);
        token->pin[n] = '\0';
    }
    host_file_free(&file);
    return ok ? CLI_OK : cli_error(path, "holds no PIN");
}

struct setting {
    const char *name;
    char *value;
    size_t cap;
};

// One line "name = value" or "name: value".
static bool take_setting(const char *line, size_t n,
                         const struct setting *settings)
{
    size_t name_len = strcspn(line, "=:");
    size_t from = name_len + 1;

    if (name_len >= n) {
        return true; // no setting
    }
    while (name_len > 0 && line[name_len - 1] == ' ') {
        name_len--;
    }
    while (from < n && line[from] == ' ') {
        from++;
    }
    while (n > from && strchr(" \t\r", line[n - 1]) != NULL) {
        n--;
    }
    for (; settings->name != NULL; settings++) {
        if (strlen(settings->name) != name_len ||
            strncmp(settings->name, line, name_len) != 0) {
            continue;
        }
        if (n - from >= settings->cap) {
            return false;
        }
        memcpy(settings->value, line + from, n - from);
        settings->value[n - from] = '\0';
    }
    return true;
}

static bool parse_config(const char *text, const struct setting *settings)
{
    bool inside = false;
    bool ok = true;

    while (*text != '\0' && ok) {
        size_t n = strcspn(text, "\n");
        if (*text == '[') {
            inside = strncmp(text, "[hsm_config]", 12) == 0;
        } else if (inside && *text != '#' && *text != ';') {
            ok = take_setting(text, n, settings);
        }
        text += n;
        text += *text == '\n';
    }
    return ok;
}

static int read_config(const char *path, struct token *token)
{
    char text[4096];
    char label[256] = "";
    struct host_file file;
    const struct setting settings[] = {
        {"pkcs11_lib", token->module, sizeof(token->module)},
        {"slot", token->slot, sizeof(token->slot)},
        {"label", label, sizeof(label)},
        {"label_pubkey", token->label_pubkey, sizeof(token->label_pubkey)},
        {"credentials", token->pin, sizeof(token->pin)},
        {0}};

    if (secure_read_key_file(path, &file) != CLI_OK) {
        return CLI_FAILURE;
    }
    bool ok = file.size < sizeof(text);
    if (ok) {
        memcpy(text, file.data, file.size);
        text[file.size] = '\0';
        ok = parse_config(text, settings);
        fb_bytes_wipe(text, sizeof(text));
    }
    host_file_free(&file);
    if (!ok || token->module[0] == '\0' || token->slot[0] == '\0' ||
        label[0] == '\0') {
        return cli_error(path, "Incorrect HSM config file format: [hsm_config] "
                               "needs pkcs11_lib, slot and label");
    }
    snprintf(token->id, sizeof(token->id), "slot_%s-label_%s", token->slot,
             label);
    return CLI_OK;
}

static int find_token(const struct cli *cli, const char *uri, bool need_private,
                      struct token *token)
{
    const char *config = cli_string(cli, "hsm-config");
    const char *module = cli_string(cli, "pkcs11-module");
    const char *pin_file = cli_string(cli, "pin-file");

    if (uri == NULL && config == NULL) {
        return cli_usage(cli, "--hsm needs --hsm-config, or name the key by "
                              "--keyfile pkcs11:...");
    }
    if (uri != NULL && strstr(uri, "pin-value=") != NULL) {
        return cli_usage(cli, "a PIN on the command line can be seen by all: "
                              "use --pin-file");
    }
    if (uri == NULL) {
        if (read_config(config, token) != CLI_OK) {
            return CLI_FAILURE;
        }
        if (!need_private && token->label_pubkey[0] != '\0') {
            snprintf(token->id, sizeof(token->id), "slot_%s-label_%s",
                     token->slot, token->label_pubkey);
        }
    } else {
        snprintf(token->id, sizeof(token->id), "%s", uri);
        snprintf(token->module, sizeof(token->module), "%s",
                 module != NULL ? module : "");
    }
    return pin_file != NULL ? read_pin(pin_file, token) : CLI_OK;
}

static int load_token_key(const struct cli *cli, const char *uri,
                          enum secure_version version, bool need_private,
                          struct host_key **key, const char **name)
{
    struct token token = {0};
    int status = find_token(cli, uri, need_private, &token);

    *name = uri != NULL ? uri : cli_string(cli, "hsm-config");
    if (status == CLI_OK) {
        const char *why = host_key_from_token(
            token.id, token.module[0] != '\0' ? token.module : NULL,
            token.pin[0] != '\0' ? token.pin : NULL, need_private, key);
        status = why != NULL ? cli_error(*name, "%s", why) : CLI_OK;
    }
    fb_bytes_wipe(&token, sizeof(token));
    return status == CLI_OK ? secure_check_kind(*name, version, key) : status;
}

int secure_load_key(const struct cli *cli, const char *path,
                    enum secure_version version, bool need_private,
                    struct host_key **key, const char **name)
{
    struct host_file bytes = {0};

    if (is_uri(path) || cli_flag(cli, "hsm")) {
        if (path != NULL && !is_uri(path)) {
            return cli_usage(cli, "--hsm and a key file exclude each other");
        }
        return load_token_key(cli, path, version, need_private, key, name);
    }
    if (path == NULL || cli_given(cli, "key-fd")) {
        if (secure_read_key(cli, &bytes, name) != CLI_OK) {
            return CLI_FAILURE;
        }
    } else {
        *name = strcmp(path, "-") == 0 ? "standard input" : path;
        if (secure_read_key_file(path, &bytes) != CLI_OK) {
            return CLI_FAILURE;
        }
    }
    return secure_parse_key(&bytes, *name, version, need_private, key);
}
