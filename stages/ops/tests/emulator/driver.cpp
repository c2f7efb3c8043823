// A CUDA driver for machines without a GPU: memory is the host's, and kernels are compiled for the processor and run thread
// by thread. It shows that kernels and launches compute what they should, and that what a second stream copies is waited for:
// such copies are made as late as they may be. It shows nothing about speed, about memory that
// threads share (the kernels use none), or about what the real driver refuses.

#include <cmath>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <string>
#include <utility>

using std::max;
using std::min;
typedef uint32_t u32;

// ---- the language of kernels ----

struct Three {
    unsigned x, y, z;
};
static thread_local Three blockIdx, threadIdx, blockDim, gridDim;

#define __global__
#define __device__
#define __forceinline__ inline

static inline float __uint_as_float(u32 bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
}
static inline u32 __float_as_uint(float value) {
    u32 bits;
    memcpy(&bits, &value, 4);
    return bits;
}

// ---- kernels by name ----

struct Kernel {
    virtual void thread(void** parameters) const = 0;
    virtual ~Kernel() = default;
};

template <typename... A>
struct Of : Kernel {
    void (*body)(A...);
    explicit Of(void (*body)(A...)) : body(body) {}
    template <size_t... I>
    void call(void** p, std::index_sequence<I...>) const {
        body(*static_cast<A*>(p[I])...);
    }
    void thread(void** p) const override { call(p, std::index_sequence_for<A...>()); }
};

static std::map<std::string, Kernel*>& kernels() {
    static std::map<std::string, Kernel*> all;
    return all;
}

struct Registered {
    template <typename... A>
    Registered(const char* name, void (*body)(A...)) {
        kernels()[name] = new Of<A...>(body);
    }
};

// Once for the kernels, and once more for their names: the second bodies are never run.
#define KERNEL(NAME) extern "C" void NAME
#include KERNELS
#undef KERNEL
#define KERNEL(NAME)                                    \
    static Registered registered_##NAME(#NAME, ::NAME); \
    [[maybe_unused]] static void second_##NAME
namespace names {
#include KERNELS
}
#undef KERNEL
#define KERNEL(NAME)                                  \
    extern "C" void NAME(ARGUMENTS_##NAME);           \
    static Registered registered_##NAME(#NAME, NAME); \
    extern "C" void NAME(ARGUMENTS_##NAME)

// ---- those of candle's kernels that are used ----

static size_t strided(size_t index, size_t dims, const size_t* info) {
    if (!info) return index;
    size_t at = 0;
    for (size_t d = dims; d-- > 0;) {
        at += index % info[d] * info[dims + d];
        index /= info[d];
    }
    return at;
}
static size_t thread_number() { return (size_t)blockIdx.x * blockDim.x + threadIdx.x; }
static size_t all_threads() { return (size_t)gridDim.x * blockDim.x; }

#define ARGUMENTS_ucopy_f32 const size_t n, const size_t dims, const size_t *info, const float *in, float *out
KERNEL(ucopy_f32) {
    for (size_t i = thread_number(); i < n; i += all_threads()) out[i] = in[strided(i, dims, info)];
}

#define ARGUMENTS_const_set_f32 const size_t n, const size_t dims, const size_t *info, const float value, float *out
KERNEL(const_set_f32) {
    for (size_t i = thread_number(); i < n; i += all_threads()) out[strided(i, dims, info)] = value;
}

#define ARGUMENTS_copy2d_f32 const float *in, float *out, u32 rows, u32 columns, u32 in_step, u32 out_step
KERNEL(copy2d_f32) {
    for (size_t i = thread_number(); i < (size_t)rows * columns; i += all_threads()) out[i / columns * out_step + i % columns] = in[i / columns * in_step + i % columns];
}

#define ARGUMENTS_is_u32_f32 \
    const size_t n, const size_t, const size_t *, const u32 *ids, const float *in, float *out, const size_t, const size_t from, const size_t count, const size_t right
KERNEL(is_u32_f32) {
    for (size_t i = thread_number(); i < n; i += all_threads()) {
        const size_t left = i / (count * right), id = i / right % count;
        out[i] = in[(left * from + ids[id]) * right + i % right];
    }
}

#define ARGUMENTS_ia_u32_f32 \
    const u32 *ids, const size_t count, const float *in, float *out, const size_t left, const size_t from, const size_t to, const size_t right
KERNEL(ia_u32_f32) {
    for (size_t i = thread_number(); i < left * right; i += all_threads())
        for (size_t j = 0; j < count; j++) out[(i / right * to + ids[j]) * right + i % right] += in[(i / right * from + j) * right + i % right];
}

#define ARGUMENTS_fast_max_f32 const size_t n, const size_t run, const size_t dims, const size_t *info, const float *in, float *out
KERNEL(fast_max_f32) {
    if (threadIdx.x) return;  // the first thread of a block does what all do on a GPU
    float best = -INFINITY;
    for (size_t i = blockIdx.x * run; i < min((blockIdx.x + 1) * run, n); i++) best = max(best, in[strided(i, dims, info)]);
    out[blockIdx.x] = best;
}

// ---- the driver ----

#define CALL extern "C" int
enum { OK = 0, INVALID = 1, FULL = 2, UNKNOWN_NAME = 500 };
typedef uintptr_t Address;

static size_t in_use = 0, most_in_use = 0;
static const size_t TOTAL = (size_t)4 << 30;
static std::map<Address, size_t>& blocks() {
    static std::map<Address, size_t> all;
    return all;
}
static char lock_byte;
static void take() {
    while (__atomic_test_and_set(&lock_byte, __ATOMIC_ACQUIRE)) {
    }
}
static void give() { __atomic_clear(&lock_byte, __ATOMIC_RELEASE); }

static int take_memory(Address* at, size_t bytes) {
    if (bytes == 0) return INVALID;
    take();
    const bool full = in_use + bytes > TOTAL;
    void* block = full ? nullptr : malloc(bytes);
    if (block) {
        memset(block, 0xff, bytes);  // what nobody wrote is not a number
        blocks()[(Address)block] = bytes;
        in_use += bytes;
        most_in_use = max(most_in_use, in_use);
    }
    give();
    *at = (Address)block;
    return block ? OK : FULL;
}
static int give_memory(Address at) {
    take();
    const auto block = blocks().find(at);
    if (block == blocks().end()) {
        give();
        return INVALID;
    }
    in_use -= block->second;
    blocks().erase(block);
    give();
    free((void*)at);
    return OK;
}

CALL cuInit(unsigned) { return OK; }
CALL cuDriverGetVersion(int* version) { return *version = 13000, OK; }
CALL cuDeviceGetCount(int* count) { return *count = 1, OK; }
CALL cuDeviceGet(int* device, int ordinal) { return *device = ordinal, ordinal == 0 ? OK : 101; }
CALL cuDeviceGetName(char* name, int length, int) { return snprintf(name, length, "emulator"), OK; }
CALL cuDeviceGetAttribute(int* value, int attribute, int) {
    *value = attribute == 75 ? 9 : attribute == 76 ? 0 : 1;  // compute capability 9.0; everything else is there
    return OK;
}
CALL cuDeviceTotalMem_v2(size_t* bytes, int) { return *bytes = TOTAL, OK; }
CALL cuDevicePrimaryCtxRetain(void** context, int) { return *context = (void*)1, OK; }
CALL cuCtxGetCurrent(void** context) { return *context = (void*)1, OK; }
CALL cuStreamIsCapturing(void*, int* status) { return *status = 0, OK; }
CALL cuMemGetInfo_v2(size_t* left, size_t* total) { return *left = TOTAL - in_use, *total = TOTAL, OK; }
CALL cuMemAlloc_v2(Address* at, size_t bytes) { return take_memory(at, bytes); }
CALL cuMemAllocAsync(Address* at, size_t bytes, void*) { return take_memory(at, bytes); }
CALL cuMemFree_v2(Address at) { return give_memory(at); }
CALL cuMemHostAlloc(void** at, size_t bytes, unsigned) { return *at = malloc(bytes), *at ? OK : FULL; }
CALL cuMemFreeHost(void* at) { return free(at), OK; }

// The first stream computes at once. Copies to the device in others are left undone until somebody waits for them.
struct Copy {
    Address to;
    const void* from;
    size_t bytes;
};
struct Stream {
    std::deque<Copy> undone;
    size_t done = 0;
    void up_to(size_t copies) {
        for (; done < copies; done++, undone.pop_front()) memcpy((void*)undone.front().to, undone.front().from, undone.front().bytes);
    }
    size_t all() const { return done + undone.size(); }
};
struct Event {
    Stream* stream = nullptr;
    size_t copies = 0;
};
static Stream* first = nullptr;
struct Turn {
    Turn() { while (__atomic_test_and_set(&byte, __ATOMIC_ACQUIRE)) {} }
    ~Turn() { __atomic_clear(&byte, __ATOMIC_RELEASE); }
    static inline char byte = 0;
};

CALL cuStreamCreate(Stream** stream, unsigned) {
    Turn turn;
    *stream = new Stream;
    if (!first) first = *stream;
    return OK;
}
CALL cuStreamDestroy_v2(Stream* stream) {
    Turn turn;
    return stream->up_to(stream->all()), OK;
}
CALL cuStreamSynchronize(Stream* stream) {
    Turn turn;
    if (stream) stream->up_to(stream->all());
    return OK;
}
CALL cuEventCreate(Event** event, unsigned) { return *event = new Event, OK; }
CALL cuEventDestroy_v2(Event* event) { return delete event, OK; }
CALL cuEventRecord(Event* event, Stream* stream) {
    Turn turn;
    return event->stream = stream, event->copies = stream->all(), OK;
}
CALL cuEventSynchronize(Event* event) {
    Turn turn;
    if (event->stream) event->stream->up_to(event->copies);
    return OK;
}
CALL cuStreamWaitEvent(Stream*, Event* event, unsigned) { return cuEventSynchronize(event); }
CALL cuMemcpyHtoDAsync_v2(Address to, const void* from, size_t bytes, Stream* stream) {
    Turn turn;
    if (!stream || stream == first) return memcpy((void*)to, from, bytes), OK;
    return stream->undone.push_back({to, from, bytes}), OK;
}
CALL cuMemFreeAsync(Address at, Stream* stream) {
    if (stream && stream != first) cuStreamSynchronize(stream);
    return give_memory(at);
}
CALL cuMemcpyDtoHAsync_v2(void* to, Address from, size_t bytes, void*) { return memcpy(to, (void*)from, bytes), OK; }
CALL cuMemcpyDtoDAsync_v2(Address to, Address from, size_t bytes, void*) { return memmove((void*)to, (void*)from, bytes), OK; }
CALL cuMemsetD8Async(Address at, unsigned char value, size_t bytes, void*) { return memset((void*)at, value, bytes), OK; }
CALL cuModuleLoadData(void** module, const void*) { return *module = (void*)1, OK; }
CALL cuModuleGetFunction(void** function, void*, const char* name) {
    const auto found = kernels().find(name);
    if (found == kernels().end()) {
        fprintf(stderr, "emulator: no kernel %s\n", name);
        return UNKNOWN_NAME;
    }
    return *function = found->second, OK;
}
CALL cuLaunchKernel(void* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned, void*, void** parameters, void**) {
    gridDim = {gx, gy, gz};
    blockDim = {bx, by, bz};
    if (gy != 1 || gz != 1 || by != 1 || bz != 1) return INVALID;
    for (unsigned block = 0; block < gx; block++)
        for (unsigned thread = 0; thread < bx; thread++) {
            blockIdx = {block, 0, 0};
            threadIdx = {thread, 0, 0};
            static_cast<Kernel*>(function)->thread(parameters);
        }
    return OK;
}
CALL cuGetErrorName(int code, const char** name) {
    return *name = code == FULL ? "CUDA_ERROR_OUT_OF_MEMORY" : code == UNKNOWN_NAME ? "CUDA_ERROR_NOT_FOUND" : "CUDA_ERROR_INVALID_VALUE", OK;
}
CALL cuGetErrorString(int, const char** text) { return *text = "the emulator refused", OK; }

CALL cuDeviceGetDefaultMemPool(void** pool, int) { return *pool = (void*)1, OK; }
CALL cuMemPoolSetAttribute(void*, int attribute, uint64_t*) { return attribute == 4 ? OK : INVALID; }
CALL cuMemPoolGetAttribute(void*, int attribute, uint64_t* value) { return *value = most_in_use, attribute == 8 ? OK : INVALID; }
