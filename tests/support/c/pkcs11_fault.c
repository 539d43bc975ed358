/* A PKCS#11 module that is another one (ZHENGYIN_FAULT_MODULE), save for the faults that it is told to have.
 *
 * In the folder ZHENGYIN_FAULT_FOLDER a file with the name of a function holds the CKR value, in hex, that the function
 * answers instead of being called; token-flags holds flags that the token shows beside its own, token-maker the first
 * letter of the manufacturer that it shows. Every call of a watched function adds a byte to the file <function>.calls. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long CK_ULONG;
typedef CK_ULONG CK_RV;
typedef struct { unsigned char version[2]; void *function[68]; } Functions;

enum { GET_TOKEN_INFO = 6, OPEN_SESSION = 12, LOGIN = 18, SIGN = 43, GENERATE_KEY_PAIR = 59, GET_FUNCTION_LIST = 3 };
enum { MAKER_AT = 32, FLAGS_AT = 96 };      /* of CK_TOKEN_INFO: label, manufacturer (32 each), model, serial (16 each) */

static Functions *real, ours;

static void path_of(char *path, const char *name, const char *ending) {
    snprintf(path, 4096, "%s/%s%s", getenv("ZHENGYIN_FAULT_FOLDER"), name, ending);
}

static CK_ULONG told(const char *name) {
    char path[4096];
    CK_ULONG value = 0;
    path_of(path, name, "");
    FILE *file = fopen(path, "r");
    if (file) {
        if (fscanf(file, "%lx", &value) != 1) value = 0;
        fclose(file);
    }
    return value;
}

static CK_RV called(const char *name) {
    char path[4096];
    path_of(path, name, ".calls");
    FILE *file = fopen(path, "a");
    if (file) {
        fputc('.', file);
        fclose(file);
    }
    return told(name);
}

static CK_RV login(CK_ULONG session, CK_ULONG user, unsigned char *pin, CK_ULONG length) {
    CK_RV fault = called("C_Login");
    return fault ? fault
                 : ((CK_RV(*)(CK_ULONG, CK_ULONG, unsigned char *, CK_ULONG))real->function[LOGIN])(
                       session, user, pin, length);
}

static CK_RV open_session(CK_ULONG slot, CK_ULONG flags, void *application, void *notify, CK_ULONG *session) {
    CK_RV fault = called("C_OpenSession");
    return fault ? fault
                 : ((CK_RV(*)(CK_ULONG, CK_ULONG, void *, void *, CK_ULONG *))real->function[OPEN_SESSION])(
                       slot, flags, application, notify, session);
}

static CK_RV sign(CK_ULONG session, unsigned char *data, CK_ULONG length, unsigned char *out, CK_ULONG *out_length) {
    CK_RV fault = called("C_Sign");
    return fault ? fault
                 : ((CK_RV(*)(CK_ULONG, unsigned char *, CK_ULONG, unsigned char *, CK_ULONG *))real->function[SIGN])(
                       session, data, length, out, out_length);
}

static CK_RV generate(CK_ULONG session, void *mechanism, void *public_template, CK_ULONG public_count,
                      void *private_template, CK_ULONG private_count, CK_ULONG *public_key, CK_ULONG *private_key) {
    CK_RV fault = called("C_GenerateKeyPair");
    return fault ? fault
                 : ((CK_RV(*)(CK_ULONG, void *, void *, CK_ULONG, void *, CK_ULONG, CK_ULONG *, CK_ULONG *))
                        real->function[GENERATE_KEY_PAIR])(session, mechanism, public_template, public_count,
                                                           private_template, private_count, public_key, private_key);
}

static CK_RV token_info(CK_ULONG slot, unsigned char *info) {
    CK_RV fault = called("C_GetTokenInfo");
    if (fault) return fault;
    fault = ((CK_RV(*)(CK_ULONG, unsigned char *))real->function[GET_TOKEN_INFO])(slot, info);
    CK_ULONG flags, more = told("token-flags");
    memcpy(&flags, info + FLAGS_AT, sizeof flags);
    flags |= more;
    memcpy(info + FLAGS_AT, &flags, sizeof flags);
    CK_ULONG maker = told("token-maker");
    if (maker) info[MAKER_AT] = (unsigned char)maker;
    return fault;
}

CK_RV C_GetFunctionList(Functions **list);

CK_RV C_GetFunctionList(Functions **list) {
    void *module = dlopen(getenv("ZHENGYIN_FAULT_MODULE"), RTLD_NOW | RTLD_LOCAL);
    CK_RV (*get)(Functions **) = module ? (CK_RV(*)(Functions **))dlsym(module, "C_GetFunctionList") : NULL;
    if (!get || get(&real)) return 5;       /* CKR_GENERAL_ERROR */
    ours = *real;
    ours.function[GET_FUNCTION_LIST] = C_GetFunctionList;
    ours.function[GET_TOKEN_INFO] = token_info;
    ours.function[OPEN_SESSION] = open_session;
    ours.function[LOGIN] = login;
    ours.function[SIGN] = sign;
    ours.function[GENERATE_KEY_PAIR] = generate;
    *list = &ours;
    return 0;
}
