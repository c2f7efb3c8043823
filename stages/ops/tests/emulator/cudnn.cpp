// The part of cuDNN that is called, by its definition, number by number, sums in double precision: tensors [n, h, w, c], kernels [co, kh, kw, ci/groups].

#include <cstdint>
#include <cstring>
#include <vector>

#define CALL extern "C" int
enum { OK = 0, BAD = 2000, FLOAT = 0, BFLOAT16 = 9, NHWC = 1 };

struct Array {
    int format, type, dims[4];  // n, c, h, w
};
struct Convolution {
    int padding[2], stride[2], dilation[2], mode, math, groups = 1;
};

static float read(const void* data, int type, size_t i) {
    if (type == FLOAT) return static_cast<const float*>(data)[i];
    const uint32_t bits = (uint32_t) static_cast<const uint16_t*>(data)[i] << 16;
    float value;
    memcpy(&value, &bits, 4);
    return value;
}
static void write(void* data, int type, const std::vector<double>& values) {
    for (size_t i = 0; i < values.size(); i++) {
        const float value = (float)values[i];
        uint32_t bits;
        memcpy(&bits, &value, 4);
        if (type == FLOAT)
            static_cast<float*>(data)[i] = value;
        else
            static_cast<uint16_t*>(data)[i] = (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    }
}
static size_t count(const Array* a) { return (size_t)a->dims[0] * a->dims[1] * a->dims[2] * a->dims[3]; }
static std::vector<float> all(const void* data, const Array* a) {
    std::vector<float> values(count(a));
    for (size_t i = 0; i < values.size(); i++) values[i] = read(data, a->type, i);
    return values;
}

extern "C" size_t cudnnGetVersion() { return 0; }
CALL cudnnCreate(void** handle) { return *handle = (void*)1, OK; }
CALL cudnnDestroy(void*) { return OK; }
CALL cudnnSetStream(void*, void*) { return OK; }
CALL cudnnCreateTensorDescriptor(Array** a) { return *a = new Array, OK; }
CALL cudnnDestroyTensorDescriptor(Array* a) { return delete a, OK; }
CALL cudnnCreateFilterDescriptor(Array** a) { return *a = new Array, OK; }
CALL cudnnDestroyFilterDescriptor(Array* a) { return delete a, OK; }
CALL cudnnCreateConvolutionDescriptor(Convolution** c) { return *c = new Convolution, OK; }
CALL cudnnDestroyConvolutionDescriptor(Convolution* c) { return delete c, OK; }
CALL cudnnSetTensor4dDescriptor(Array* a, int format, int type, int n, int c, int h, int w) {
    *a = {format, type, {n, c, h, w}};
    return format == NHWC && (type == FLOAT || type == BFLOAT16) ? OK : BAD;
}
CALL cudnnSetFilter4dDescriptor(Array* a, int type, int format, int k, int c, int h, int w) {
    return cudnnSetTensor4dDescriptor(a, format, type, k, c, h, w);
}
CALL cudnnSetConvolution2dDescriptor(Convolution* c, int ph, int pw, int sh, int sw, int dh, int dw, int mode, int type) {
    *c = {{ph, pw}, {sh, sw}, {dh, dw}, mode, 0, 1};
    return mode == 1 && type == FLOAT ? OK : BAD;  // cross-correlation
}
CALL cudnnSetConvolutionMathType(Convolution* c, int math) { return c->math = math, OK; }
CALL cudnnSetConvolutionGroupCount(Convolution* c, int groups) { return c->groups = groups, OK; }

// Calls `meet` with the places of every input, kernel and output number that belong together.
template <typename F>
static int meet(const Convolution* c, const Array* x, const Array* w, const Array* y, F meet) {
    const auto [n, ci, h, wide] = x->dims;
    const auto [outputs, gi, kh, kw] = w->dims;
    const auto [yn, co, oh, ow] = y->dims;
    const int go = co / c->groups;
    const auto side = [&](int i, int from, int k) { return (from + 2 * c->padding[i] - c->dilation[i] * (k - 1) - 1) / c->stride[i] + 1; };
    if (yn != n || outputs != co || gi * c->groups != ci || side(0, h, kh) != oh || side(1, wide, kw) != ow) return BAD;
    for (int s = 0; s < n; s++)
        for (int i = 0; i < oh; i++)
            for (int j = 0; j < ow; j++)
                for (int p = 0; p < kh; p++)
                    for (int q = 0; q < kw; q++) {
                        const int row = i * c->stride[0] + p * c->dilation[0] - c->padding[0], column = j * c->stride[1] + q * c->dilation[1] - c->padding[1];
                        if (row < 0 || row >= h || column < 0 || column >= wide) continue;
                        for (int o = 0; o < co; o++)
                            for (int k = 0; k < gi; k++)
                                meet((((size_t)s * h + row) * wide + column) * ci + o / go * gi + k, (((size_t)o * kh + p) * kw + q) * gi + k,
                                     (((size_t)s * oh + i) * ow + j) * co + o);
                    }
    return OK;
}

struct Performance {  // cudnnConvolution*AlgoPerf_t
    int algorithm, status;
    float time;
    size_t memory;
    int determinism, math, reserved[3];
};
static int first(int* found, Performance* list) {
    *found = 1;
    list[0] = {0, OK, 1.0f, 0, 0, 0, {}};
    return OK;
}
// The first choices of the backward passes do not repeat their bits: callers are to take the second.
CALL cudnnGetConvolutionForwardAlgorithm_v7(void*, Array*, Array*, Convolution*, Array*, int, int* found, Performance* list) { return first(found, list); }
CALL cudnnGetConvolutionBackwardDataAlgorithm_v7(void*, Array*, Array*, Convolution*, Array*, int, int* found, Performance* list) { return first(found, list); }
CALL cudnnGetConvolutionBackwardFilterAlgorithm_v7(void*, Array*, Array*, Convolution*, Array*, int, int* found, Performance* list) { return first(found, list); }
CALL cudnnGetConvolutionForwardWorkspaceSize(void*, Array*, Array*, Convolution*, Array*, int, size_t* bytes) { return *bytes = 0, OK; }
CALL cudnnGetConvolutionBackwardDataWorkspaceSize(void*, Array*, Array*, Convolution*, Array*, int, size_t* bytes) { return *bytes = 64, OK; }
CALL cudnnGetConvolutionBackwardFilterWorkspaceSize(void*, Array*, Array*, Convolution*, Array*, int, size_t* bytes) { return *bytes = 64, OK; }

CALL cudnnConvolutionForward(void*, const float* alpha, Array* xd, const void* x, Array* wd, const void* w, Convolution* c, int, void*, size_t, const float* beta,
                             Array* yd, void* y) {
    if (*alpha != 1.0f || *beta != 0.0f) return BAD;
    const auto xs = all(x, xd), ws = all(w, wd);
    std::vector<double> ys(count(yd));
    const int status = meet(c, xd, wd, yd, [&](size_t i, size_t k, size_t o) { ys[o] += (double)xs[i] * ws[k]; });
    return write(y, yd->type, ys), status;
}
CALL cudnnConvolutionBackwardData(void*, const float* alpha, Array* wd, const void* w, Array* yd, const void* y, Convolution* c, int algorithm, void*, size_t,
                                  const float* beta, Array* xd, void* x) {
    if (*alpha != 1.0f || *beta != 0.0f || algorithm == 0) return BAD;
    const auto ys = all(y, yd), ws = all(w, wd);
    std::vector<double> xs(count(xd));
    const int status = meet(c, xd, wd, yd, [&](size_t i, size_t k, size_t o) { xs[i] += (double)ys[o] * ws[k]; });
    return write(x, xd->type, xs), status;
}
CALL cudnnConvolutionBackwardFilter(void*, const float* alpha, Array* xd, const void* x, Array* yd, const void* y, Convolution* c, int algorithm, void*, size_t,
                                    const float* beta, Array* wd, void* w) {
    if (*alpha != 1.0f || *beta != 0.0f || algorithm == 0 || algorithm == 3) return BAD;
    const auto xs = all(x, xd), ys = all(y, yd);
    std::vector<double> sums(count(wd));
    const int status = meet(c, xd, wd, yd, [&](size_t i, size_t k, size_t o) { sums[k] += (double)xs[i] * ys[o]; });
    return write(w, wd->type, sums), status;
}
