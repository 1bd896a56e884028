/*
 * Lets the kernel say which pages of a wasm memory were written. The memory is mapped privately over a file in memory
 * (the image); the first write to a page makes it the process's own, and PAGEMAP_SCAN (Linux 6.7) lists those.
 *
 * Every function answers a number >= 0, or -errno. Nothing is kept between calls. Addresses come from ArrayBuffers only and
 * ranges are checked against their length, so that no argument reaches memory outside the buffer.
 */
#define _GNU_SOURCE
#include "node-api.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define PAGE_BYTES 4096
#define ARGUMENTS_MAX 5

/* Of <linux/fs.h>, which has them since Linux 6.7. */
struct page_range {
  uint64_t start, end, categories;
};
struct scan_request {
  uint64_t size, flags, start, end, walk_end, ranges, ranges_length, pages_max;
  uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define SCAN_PAGEMAP _IOWR('f', 16, struct scan_request)
#define IS_FILE (1 << 2)
#define IS_PRESENT (1 << 3)
#define IS_SWAPPED (1 << 4)

struct bytes {
  uint8_t *data;
  size_t length;
};

static bool arguments(napi_env env, napi_callback_info info, size_t wanted, napi_value *values) {
  size_t count = ARGUMENTS_MAX;
  return napi_get_cb_info(env, info, &count, values, NULL, NULL) == NAPI_OK && count == wanted;
}

static bool buffer(napi_env env, napi_value value, struct bytes *result) {
  return napi_get_arraybuffer_info(env, value, (void **)&result->data, &result->length) == NAPI_OK;
}

static bool whole(napi_env env, napi_value value, int64_t *result) {
  return napi_get_value_int64(env, value, result) == NAPI_OK && *result >= 0;
}

static napi_value answer(napi_env env, int64_t number) {
  napi_value value = NULL;
  napi_create_int64(env, number, &value);
  return value;
}

/* A range of whole pages inside the memory, from two arguments in bytes. */
static bool page_range(napi_env env, const struct bytes *memory, napi_value *values, size_t *start, size_t *length) {
  int64_t first, count;
  if (!whole(env, values[0], &first) || !whole(env, values[1], &count)) return false;
  if (((uintptr_t)memory->data | (uint64_t)first | (uint64_t)count) % PAGE_BYTES != 0) return false;
  if ((uint64_t)first > memory->length || (uint64_t)count > memory->length - (uint64_t)first) return false;
  *start = (size_t)first;
  *length = (size_t)count;
  return true;
}

/* createImage(): descriptor of a new, empty file in memory. */
static napi_value create_image(napi_env env, napi_callback_info info) {
  (void)info;
  int file = memfd_create("wasm-memory", MFD_CLOEXEC);
  return answer(env, file < 0 ? -errno : file);
}

/* address(memory): where it lies, to notice that it moved. */
static napi_value address(napi_env env, napi_callback_info info) {
  napi_value values[ARGUMENTS_MAX];
  struct bytes memory;
  if (!arguments(env, info, 1, values) || !buffer(env, values[0], &memory)) return answer(env, -EINVAL);
  return answer(env, (int64_t)(uintptr_t)memory.data);
}

/* map(memory, start, length, image): these pages show what the image holds, and become private when they are written. */
static napi_value map(napi_env env, napi_callback_info info) {
  napi_value values[ARGUMENTS_MAX];
  struct bytes memory;
  size_t start, length;
  int64_t image;
  if (!arguments(env, info, 4, values) || !buffer(env, values[0], &memory) || !whole(env, values[3], &image) ||
      !page_range(env, &memory, values + 1, &start, &length)) {
    return answer(env, -EINVAL);
  }
  if (length == 0) return answer(env, 0);
  void *at = mmap(memory.data + start, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, (int)image, (off_t)start);
  return answer(env, at == MAP_FAILED ? -errno : 0);
}

/* unwrite(memory, start, length): private pages of the range go, what the image holds shows again. */
static napi_value unwrite(napi_env env, napi_callback_info info) {
  napi_value values[ARGUMENTS_MAX];
  struct bytes memory;
  size_t start, length;
  if (!arguments(env, info, 3, values) || !buffer(env, values[0], &memory) ||
      !page_range(env, &memory, values + 1, &start, &length)) {
    return answer(env, -EINVAL);
  }
  if (length == 0) return answer(env, 0);
  return answer(env, madvise(memory.data + start, length, MADV_DONTNEED) == 0 ? 0 : -errno);
}

/* written(memory, start, length, pagemap, out): numbers of the private pages into `out` (uint32 each); how many. */
static napi_value written(napi_env env, napi_callback_info info) {
  napi_value values[ARGUMENTS_MAX];
  struct bytes memory, out;
  size_t start, length;
  int64_t pagemap;
  if (!arguments(env, info, 5, values) || !buffer(env, values[0], &memory) || !buffer(env, values[4], &out) ||
      !whole(env, values[3], &pagemap) || !page_range(env, &memory, values + 1, &start, &length)) {
    return answer(env, -EINVAL);
  }
  if (out.length / sizeof(uint32_t) < length / PAGE_BYTES) return answer(env, -EINVAL);
  if (length == 0) return answer(env, 0);

  struct page_range ranges[256];
  const uint64_t base = (uint64_t)(uintptr_t)memory.data;
  struct scan_request request;
  memset(&request, 0, sizeof request);
  request.size = sizeof request;
  request.start = base + start;
  request.end = base + start + length;
  request.ranges = (uint64_t)(uintptr_t)ranges;
  request.ranges_length = sizeof ranges / sizeof ranges[0];
  /* There, in memory or swapped out, and not the image's. */
  request.category_inverted = IS_FILE;
  request.category_mask = IS_FILE;
  request.category_anyof_mask = IS_PRESENT | IS_SWAPPED;
  request.return_mask = IS_PRESENT;

  uint32_t *pages = (uint32_t *)out.data;
  int64_t count = 0;
  while (request.start < request.end) {
    int found = ioctl((int)pagemap, SCAN_PAGEMAP, &request);
    if (found < 0) return answer(env, -errno);
    for (int i = 0; i < found; i++) {
      for (uint64_t at = ranges[i].start; at < ranges[i].end; at += PAGE_BYTES) pages[count++] = (uint32_t)((at - base) / PAGE_BYTES);
    }
    if (request.walk_end <= request.start) return answer(env, -EIO);
    request.start = request.walk_end;
  }
  return answer(env, count);
}

static void define(napi_env env, napi_value exports, const char *name, napi_callback call) {
  napi_value function;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, call, NULL, &function) == NAPI_OK)
    napi_set_named_property(env, exports, name, function);
}

__attribute__((visibility("default"))) int32_t node_api_module_get_api_version_v1(void) { return 8; }

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  define(env, exports, "createImage", create_image);
  define(env, exports, "address", address);
  define(env, exports, "map", map);
  define(env, exports, "unwrite", unwrite);
  define(env, exports, "written", written);
  return exports;
}
