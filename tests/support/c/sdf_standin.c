/* A cryptographic device after GM/T 0018 for tests, its keys in files: the functions that sign with an internal key.
 *
 * In the folder ZHENGYIN_SDF_FOLDER lie <index>.pem (an SM2 key), <index>.password (without it a key needs none), and,
 * for faults, a file with the name of a function that holds the value, in hex, that the function answers instead.
 * Every call adds a byte to <function>.calls. A wrong password adds one to <index>.wrong, and five lock the key. */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OK = 0, BASE = 0x01000000, OPENDEVICE = BASE + 5, PARDENY = BASE + 7, KEYNOTEXIST = BASE + 8,
       SIGNERR = BASE + 13, PRKRERR = BASE + 0x18, INARGERR = BASE + 0x1d, LOCKED = 0x02000001, KEYS = 16, TRIES = 5 };

typedef struct { unsigned int bits; unsigned char x[64], y[64]; } ECCrefPublicKey;
typedef struct { unsigned char r[64], s[64]; } ECCSignature;
typedef struct { int granted[KEYS]; } Session;

static FILE *opened(const char *name, const char *mode) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", getenv("ZHENGYIN_SDF_FOLDER"), name);
    return fopen(path, mode);
}

static void count(const char *name) {
    FILE *file = opened(name, "a");
    if (file) {
        fputc('.', file);
        fclose(file);
    }
}

static long counted(const char *name) {
    FILE *file = opened(name, "r");
    if (!file) return 0;
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    fclose(file);
    return size;
}

static int called(const char *function) {
    char name[256];
    int value = 0;
    snprintf(name, sizeof name, "%s.calls", function);
    count(name);
    FILE *file = opened(function, "r");
    if (file) {
        if (fscanf(file, "%x", (unsigned int *)&value) != 1) value = 0;
        fclose(file);
    }
    return value;
}

static EVP_PKEY *key_at(unsigned int index) {
    char name[64];
    snprintf(name, sizeof name, "%u.pem", index);
    FILE *file = opened(name, "r");
    EVP_PKEY *key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
    if (file) fclose(file);
    return key;
}

static int password_of(unsigned int index, char *password, size_t size) {
    char name[64];
    snprintf(name, sizeof name, "%u.password", index);
    FILE *file = opened(name, "r");
    if (!file) return 0;
    size_t length = fread(password, 1, size - 1, file);
    password[length] = 0;
    fclose(file);
    return 1;
}

int SDF_OpenDevice(void **device) {
    int fault = called("SDF_OpenDevice");
    if (fault) return fault;
    *device = malloc(1);
    return *device ? OK : OPENDEVICE;
}

int SDF_CloseDevice(void *device) {
    called("SDF_CloseDevice");
    free(device);
    return OK;
}

int SDF_OpenSession(void *device, void **session) {
    int fault = called("SDF_OpenSession");
    if (fault) return fault;
    if (!device) return INARGERR;
    *session = calloc(1, sizeof(Session));
    return OK;
}

int SDF_CloseSession(void *session) {
    called("SDF_CloseSession");
    free(session);
    return OK;
}

int SDF_GetPrivateKeyAccessRight(void *session, unsigned int index, unsigned char *given, unsigned int length) {
    char password[256], wrong[64];
    int fault = called("SDF_GetPrivateKeyAccessRight");
    if (fault) return fault;
    if (index >= KEYS || !password_of(index, password, sizeof password)) return KEYNOTEXIST;
    snprintf(wrong, sizeof wrong, "%u.wrong", index);
    if (counted(wrong) >= TRIES) return LOCKED;
    if (strlen(password) != length || memcmp(password, given, length)) {
        count(wrong);
        return PRKRERR;
    }
    ((Session *)session)->granted[index] = 1;
    return OK;
}

int SDF_ReleasePrivateKeyAccessRight(void *session, unsigned int index) {
    called("SDF_ReleasePrivateKeyAccessRight");
    ((Session *)session)->granted[index] = 0;
    return OK;
}

int SDF_ExportSignPublicKey_ECC(void *session, unsigned int index, ECCrefPublicKey *public_key) {
    unsigned char point[65];
    size_t length = 0;
    int fault = called("SDF_ExportSignPublicKey_ECC");
    if (fault) return fault;
    EVP_PKEY *key = session ? key_at(index) : NULL;
    if (!key) return KEYNOTEXIST;
    int good = EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &length);
    EVP_PKEY_free(key);
    if (!good || length != sizeof point) return KEYNOTEXIST;
    memset(public_key, 0, sizeof *public_key);
    public_key->bits = 256;
    memcpy(public_key->x + 32, point + 1, 32);
    memcpy(public_key->y + 32, point + 33, 32);
    return OK;
}

int SDF_InternalSign_ECC(void *session, unsigned int index, unsigned char *data, unsigned int size,
                         ECCSignature *signature) {
    char password[256];
    unsigned char der[128];
    const unsigned char *at = der;
    size_t length = sizeof der;
    int fault = called("SDF_InternalSign_ECC");
    if (fault) return fault;
    if (!session || index >= KEYS || size != 32) return INARGERR;
    if (password_of(index, password, sizeof password) && !((Session *)session)->granted[index]) return PARDENY;
    EVP_PKEY *key = key_at(index);
    if (!key) return KEYNOTEXIST;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    int good = context && EVP_PKEY_sign_init(context) > 0 && EVP_PKEY_sign(context, der, &length, data, size) > 0;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    ECDSA_SIG *pair = good ? d2i_ECDSA_SIG(NULL, &at, (long)length) : NULL;
    if (!pair) return SIGNERR;
    memset(signature, 0, sizeof *signature);
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature->r, 64);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature->s, 64);
    ECDSA_SIG_free(pair);
    return OK;
}
