/* The few functions of Node-API (version 8, a stable ABI) that the addon uses: its headers are not part of every Node. */
#ifndef WORLD_NODE_API_H
#define WORLD_NODE_API_H

#include <stddef.h>
#include <stdint.h>

typedef struct napi_env__ *napi_env;
typedef struct napi_value__ *napi_value;
typedef struct napi_callback_info__ *napi_callback_info;
typedef napi_value (*napi_callback)(napi_env, napi_callback_info);
typedef int napi_status;

#define NAPI_OK 0
#define NAPI_AUTO_LENGTH SIZE_MAX

napi_status napi_get_cb_info(napi_env, napi_callback_info, size_t *argc, napi_value *argv, napi_value *self, void **data);
napi_status napi_get_arraybuffer_info(napi_env, napi_value, void **data, size_t *bytes);
napi_status napi_get_value_int64(napi_env, napi_value, int64_t *result);
napi_status napi_create_int64(napi_env, int64_t, napi_value *result);
napi_status napi_create_function(napi_env, const char *name, size_t length, napi_callback, void *data, napi_value *result);
napi_status napi_set_named_property(napi_env, napi_value object, const char *name, napi_value value);

#endif
