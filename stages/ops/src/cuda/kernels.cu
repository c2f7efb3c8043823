// Kernels over float32 arrays. Each thread computes its own results and speaks with no other, so that the bits of a result
// do not depend on how threads are scheduled. Sums are made in double precision, in the order that the shape decides.
//
// n is the number of threads that have something to do. [g, r, c] stands for groups, places and channels: place j of group
// i, channel k is number (i·r + j)·c + k.

typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned char u8;

#ifndef KERNEL
#define KERNEL(NAME) extern "C" __global__ void NAME
#endif
#define THREAD                                        \
    const u32 i = blockIdx.x * blockDim.x + threadIdx.x; \
    if (i >= n) return

// ---- functions of one and of two numbers ----

// What is not finite goes on as on the CPU (after.rs, functions.rs, rule.rs): x != x where x is NaN, and x − x is not zero
// where x is not finite. fmax and fmin would hide NaN.
__device__ __forceinline__ bool is_finite(float x) { return x - x == 0.0f; }
__device__ __forceinline__ float rectify(float x, float slope) { return x >= 0.0f ? x : (slope == 0.0f && x < 0.0f ? 0.0f : x * slope + 0.0f); }
// What passes of a gradient, by the result.
__device__ __forceinline__ float passes(float g, float y, float slope) { return y > 0.0f || (slope == 0.0f && y != y) ? g : (slope == 0.0f ? 0.0f : g * slope); }
__device__ __forceinline__ float softplus(float x) { return (x > 0.0f ? x : 0.0f) + log1pf(expf(-fabsf(x))); }

#define EACH(NAME, RESULT)                                                 \
    KERNEL(each_##NAME)(u32 n, float k, const float* in, float* out) {      \
        THREAD;                                                            \
        const float x = in[i];                                             \
        out[i] = RESULT;                                                   \
    }

EACH(reciprocal, 1.0f / x)
EACH(scale, x * k)
EACH(shift, x + k)
EACH(square, x * x)
EACH(square_root, sqrtf(x))
EACH(exp, expf(x))
EACH(ln, logf(x))
EACH(power, powf(x, k))
EACH(abs, fabsf(x))
EACH(sign, x > 0.0f ? 1.0f : (x < 0.0f ? -1.0f : 0.0f))
EACH(tanh, tanhf(x))
EACH(erf, erff(x))
EACH(sigmoid, 1.0f / (1.0f + expf(-x)))
EACH(softplus, softplus(x))
EACH(logit_loss, is_finite(x) ? softplus(x) - x * k : (1.0f - k) * x + softplus(-x))
EACH(rectify, rectify(x, k))

// The place, in an array [g, c], of number i of [g, r, c].
__device__ __forceinline__ u32 smaller(u32 i, u32 r, u32 c) { return i / (r * c) * c + i % c; }

#define PAIR(NAME, RESULT)                                                                                        \
    KERNEL(pair_##NAME)(u32 n, float k, u32 ra, u32 ca, u32 rb, u32 cb, const float* first, const float* second, float* out) { \
        THREAD;                                                                                                   \
        const float a = first[smaller(i, ra, ca)], b = second[smaller(i, rb, cb)];                                \
        out[i] = RESULT;                                                                                          \
    }

PAIR(add, a + b)
PAIR(subtract, a - b)
PAIR(multiply, a * b)
PAIR(weigh, b == 0.0f ? 0.0f : a * b)
PAIR(rectify_slope, passes(a, b, k))
PAIR(tanh_slope, a * (1.0f - b * b))
PAIR(sigmoid_slope, a * (b * (1.0f - b)))

KERNEL(repeat)(u32 n, u32 r, u32 c, const float* in, float* out) {
    THREAD;
    out[i] = in[smaller(i, r, c)];
}

KERNEL(masked)(u32 n, float scale, const u8* keep, const float* in, float* out) {
    THREAD;
    out[i] = in[i] * (keep[i] ? scale : 0.0f);
}

// ---- sums: [g, r, c] to [g, s, c], place j of the result from places j, j + s, j + 2s, ... ----

#define SUM(NAME, IN, OUT, OF)                                                    \
    KERNEL(sum_##NAME)(u32 n, u32 r, u32 s, u32 c, const IN* in, OUT* out) {       \
        THREAD;                                                                   \
        const u32 channel = i % c, first = i / c % s, group = i / c / s;          \
        const IN* x = in + (size_t)group * r * c + channel;                       \
        double total = 0.0;                                                       \
        for (u32 j = first; j < r; j += s) {                                      \
            const double v = (double)x[(size_t)j * c];                            \
            total += OF;                                                          \
        }                                                                         \
        out[i] = (OUT)total;                                                      \
    }

SUM(begin, float, double, v)
SUM(squares, float, double, v* v)
SUM(go_on, double, double, v)
SUM(end, double, float, v)
SUM(whole, float, float, v)

// ---- softmax of rows of k numbers; n rows ----

// NaN in a row makes all of it NaN, although fmaxf passes over it: the sum has it.
KERNEL(softmax)(u32 n, u32 k, const float* in, float* out) {
    THREAD;
    const float* x = in + (size_t)i * k;
    float* y = out + (size_t)i * k;
    float largest = x[0];
    for (u32 j = 1; j < k; j++) largest = fmaxf(largest, x[j]);
    double total = 0.0;
    for (u32 j = 0; j < k; j++) total += (double)(y[j] = expf(x[j] - largest));
    const float share = (float)(1.0 / total);
    for (u32 j = 0; j < k; j++) y[j] *= share;
}

// ---- norms ----

// What sums of squares are taken from: a number of the group. In double precision it need not be close to the mean; where it
// is not finite, zero is as good, and the sums say the rest.
__device__ __forceinline__ float near_of(float number) { return is_finite(number) ? number : 0.0f; }

// [g, r, c] to two arrays [g, s, c]: sums of x − near and of its square.
KERNEL(norm_statistics)(u32 n, u32 r, u32 s, u32 c, u32 together, const float* in, double* out) {
    THREAD;
    const u32 channel = i % c, first = i / c % s, group = i / c / s;
    const float* x = in + (size_t)group * r * c;
    const float near = near_of(x[together ? 0 : channel]);
    double total = 0.0, squares = 0.0;
    for (u32 j = first; j < r; j += s) {
        const double d = (double)x[(size_t)j * c + channel] - (double)near;
        total += d;
        squares += d * d;
    }
    out[i] = total;
    out[n + i] = squares;
}

// From the sums [2, g, 1, c]: mean, 1 / divisor, how the divisor follows from the numbers, unbiased variance.
KERNEL(norm_numbers)(u32 n, u32 r, u32 c, u32 together, u32 outside, double eps, const double* sums, const float* x, float* mean, float* inverse,
                    float* curvature, float* unbiased) {
    THREAD;
    const u32 group = i / c;
    double total = sums[i], squares = sums[n + i], count = (double)r;
    if (together) {
        total = squares = 0.0;
        count *= (double)c;
        for (u32 k = group * c; k < (group + 1) * c; k++) {
            total += sums[k];
            squares += sums[n + k];
        }
    }
    const float near = near_of(x[(size_t)group * r * c + (together ? 0 : i % c)]);
    const double offset = total / count;
    const double rounded = squares / count - offset * offset;
    const double variance = rounded < 0.0 ? 0.0 : rounded;
    const double root = sqrt(variance);
    const double divisor = outside ? root + eps : sqrt(variance + eps);
    mean[i] = (float)((double)near + offset);
    inverse[i] = (float)(1.0 / divisor);
    curvature[i] = (float)(outside ? 1.0 / ((root < 1e-12 ? 1e-12 : root) * divisor) : 1.0 / (variance + eps));
    unbiased[i] = (float)(variance * count / fmax(count - 1.0, 1.0));
}

// weights and biases say how many there are: channels, or one.
KERNEL(norm_scale)(u32 n, u32 weights, u32 biases, const float* mean, const float* inverse, const float* weight, const float* bias, float* each, float* scale,
                  float* shift) {
    THREAD;
    const float w = weight[i % weights];
    each[i] = w;
    scale[i] = w * inverse[i];
    shift[i] = bias[i % biases] - mean[i] * scale[i];
}

KERNEL(norm_affine)(u32 n, u32 r, u32 c, float slope, u32 adds, const float* in, const float* add, const float* scale, const float* shift, float* out) {
    THREAD;
    const u32 k = smaller(i, r, c);
    const float y = in[i] * scale[k] + shift[k];
    out[i] = rectify(adds ? y + add[i] : y, slope);
}

// The gradient of what the norm itself gave. y tells what was rectified where it is known.
__device__ __forceinline__ float passed(float g, float x, float scale, float shift, float slope, u32 knows, float y) {
    return slope == 1.0f ? g : passes(g, knows ? y : x * scale + shift, slope);
}

// [g, r, c] to two arrays [g, s, c]: sums of the gradient and of the gradient times x − mean.
KERNEL(norm_gradient)(u32 n, u32 r, u32 s, u32 c, float slope, u32 knows, const float* gradient, const float* in, const float* result, const float* mean,
                     const float* scale, const float* shift, double* out) {
    THREAD;
    const u32 channel = i % c, first = i / c % s, group = i / c / s, k = group * c + channel;
    double by_bias = 0.0, by_offset = 0.0;
    for (u32 j = first; j < r; j += s) {
        const size_t at = (size_t)(group * r + j) * c + channel;
        const float g = passed(gradient[at], in[at], scale[k], shift[k], slope, knows, knows ? result[at] : 0.0f);
        by_bias += (double)g;
        by_offset += (double)g * ((double)in[at] - (double)mean[k]);
    }
    out[i] = by_bias;
    out[n + i] = by_offset;
}

KERNEL(norm_level)(u32 n, u32 r, u32 c, u32 together, const double* sums, const float* inverse, const float* curvature, const float* weight, float* level,
                  float* tilt) {
    THREAD;
    double by_bias = sums[i] * (double)weight[i], by_offset = sums[n + i] * (double)weight[i], count = (double)r;
    if (together) {
        by_bias = by_offset = 0.0;
        count *= (double)c;
        for (u32 k = i / c * c; k < (i / c + 1) * c; k++) {
            by_bias += sums[k] * (double)weight[k];
            by_offset += sums[n + k] * (double)weight[k];
        }
    }
    level[i] = curvature[i] == 0.0f ? 0.0f : (float)((double)inverse[i] * by_bias / count);
    tilt[i] = curvature[i] == 0.0f ? 0.0f : (float)((double)inverse[i] * by_offset / count * (double)curvature[i]);
}

// One thread for each weight: of a channel, or the only one. all is how many numbers there are in [g, c].
KERNEL(norm_weights)(u32 n, u32 all, const double* sums, const float* inverse, float* by_weight, float* by_bias) {
    THREAD;
    double weight = 0.0, bias = 0.0;
    for (u32 k = i; k < all; k += n) {
        weight += sums[all + k] * (double)inverse[k];
        bias += sums[k];
    }
    by_weight[i] = (float)weight;
    by_bias[i] = (float)bias;
}

KERNEL(norm_input_gradient)(u32 n, u32 r, u32 c, float slope, u32 knows, const float* gradient, const float* in, const float* result, const float* mean,
                           const float* scale, const float* shift, const float* level, const float* tilt, float* out) {
    THREAD;
    const u32 k = smaller(i, r, c);
    const float g = passed(gradient[i], in[i], scale[k], shift[k], slope, knows, knows ? result[i] : 0.0f);
    out[i] = scale[k] * g - level[k] - (tilt[k] == 0.0f ? 0.0f : (in[i] - mean[k]) * tilt[k]);
}

// ---- windows: [samples, h, w, c] and [samples, oh, ow, c] ----

struct Window {
    u32 h, w, oh, ow, c, k, stride, padding;
};

// Places of the map that output place at sees; the last is not among them.
__device__ __forceinline__ u32 seen_from(u32 at, Window s) { return max(at * s.stride, s.padding) - s.padding; }
__device__ __forceinline__ u32 seen_to(u32 at, u32 side, Window s) { return min(at * s.stride + s.k, side + s.padding) - s.padding; }
// Output places that see place at of the map.
__device__ __forceinline__ u32 seer_from(u32 at, Window s) {
    const u32 last = at + s.padding + 1;
    return last > s.k ? (last - s.k + s.stride - 1) / s.stride : 0;
}
__device__ __forceinline__ u32 seer_to(u32 at, u32 out, Window s) { return min((at + s.padding) / s.stride + 1, out); }

__device__ __forceinline__ float divisor(u32 row, u32 column, u32 counts, Window s) {
    const u32 rows = counts ? min(row * s.stride + s.k, s.h + 2 * s.padding) - row * s.stride : seen_to(row, s.h, s) - seen_from(row, s);
    const u32 columns = counts ? min(column * s.stride + s.k, s.w + 2 * s.padding) - column * s.stride : seen_to(column, s.w, s) - seen_from(column, s);
    return (float)(rows * columns);
}

KERNEL(window_largest)(u32 n, Window s, const float* in, float* out, float* winners) {
    THREAD;
    const u32 channel = i % s.c, column = i / s.c % s.ow, row = i / s.c / s.ow % s.oh, sample = i / s.c / s.ow / s.oh;
    const float* x = in + (size_t)sample * s.h * s.w * s.c + channel;
    float best = 0.0f;
    u32 winner = 0;
    bool none = true;
    for (u32 y = seen_from(row, s); y < seen_to(row, s.h, s); y++)
        for (u32 z = seen_from(column, s); z < seen_to(column, s.w, s); z++) {
            const float value = x[(size_t)(y * s.w + z) * s.c];
            if (none || value > best || value != value) {
                best = value;
                winner = (y + s.padding - row * s.stride) * s.k + z + s.padding - column * s.stride;
                none = false;
            }
        }
    out[i] = best;
    winners[i] = (float)winner;
}

KERNEL(window_to_winners)(u32 n, Window s, const float* gradient, const float* winners, float* out) {
    THREAD;
    const u32 channel = i % s.c, column = i / s.c % s.w, row = i / s.c / s.w % s.h, sample = i / s.c / s.w / s.h;
    float total = 0.0f;
    for (u32 y = seer_from(row, s); y < seer_to(row, s.oh, s); y++)
        for (u32 z = seer_from(column, s); z < seer_to(column, s.ow, s); z++) {
            const size_t at = ((size_t)(sample * s.oh + y) * s.ow + z) * s.c + channel;
            const u32 place = (row + s.padding - y * s.stride) * s.k + column + s.padding - z * s.stride;
            if ((u32)winners[at] == place) total += gradient[at];
        }
    out[i] = total;
}

KERNEL(window_mean)(u32 n, Window s, u32 counts, const float* in, float* out) {
    THREAD;
    const u32 channel = i % s.c, column = i / s.c % s.ow, row = i / s.c / s.ow % s.oh, sample = i / s.c / s.ow / s.oh;
    float total = 0.0f;
    for (u32 y = seen_from(row, s); y < seen_to(row, s.h, s); y++)
        for (u32 z = seen_from(column, s); z < seen_to(column, s.w, s); z++) total += in[((size_t)(sample * s.h + y) * s.w + z) * s.c + channel];
    out[i] = total / divisor(row, column, counts, s);
}

KERNEL(window_spread)(u32 n, Window s, u32 counts, const float* gradient, float* out) {
    THREAD;
    const u32 channel = i % s.c, column = i / s.c % s.w, row = i / s.c / s.w % s.h, sample = i / s.c / s.w / s.h;
    float total = 0.0f;
    for (u32 y = seer_from(row, s); y < seer_to(row, s.oh, s); y++)
        for (u32 z = seer_from(column, s); z < seer_to(column, s.ow, s); z++)
            total += gradient[((size_t)(sample * s.oh + y) * s.ow + z) * s.c + channel] / divisor(y, z, counts, s);
    out[i] = total;
}

// ---- weighted sums of places ----

// A table holds, for each place of the result, where its terms begin, and where the last ones end; then the terms: a place
// of the input and the bits of a weight.
__device__ __forceinline__ float weight_of(const u32* table, u32 places, u32 term) { return __uint_as_float(table[places + 1 + 2 * term + 1]); }
__device__ __forceinline__ u32 place_of(const u32* table, u32 places, u32 term) { return table[places + 1 + 2 * term]; }

// [samples, h, w, c] to [samples, oh, ow, c]: rows as sums of rows, columns as sums of columns.
KERNEL(resample)(u32 n, u32 h, u32 w, u32 oh, u32 ow, u32 c, const u32* rows, const u32* columns, const float* in, float* out) {
    THREAD;
    const u32 channel = i % c, column = i / c % ow, row = i / c / ow % oh, sample = i / c / ow / oh;
    const float* x = in + (size_t)sample * h * w * c + channel;
    float total = 0.0f;
    for (u32 q = columns[column]; q < columns[column + 1]; q++) {
        const u32 z = place_of(columns, ow, q);
        float line = 0.0f;
        for (u32 p = rows[row]; p < rows[row + 1]; p++) line += weight_of(rows, oh, p) * x[((size_t)place_of(rows, oh, p) * w + z) * c];
        total += weight_of(columns, ow, q) * line;
    }
    out[i] = total;
}

// Pixels of c channels as sums of pixels, wherever they lie.
KERNEL(sample)(u32 n, u32 pixels, u32 c, const u32* table, const float* in, float* out) {
    THREAD;
    const u32 channel = i % c, pixel = i / c;
    float total = 0.0f;
    for (u32 t = table[pixel]; t < table[pixel + 1]; t++) total += weight_of(table, pixels, t) * in[(size_t)place_of(table, pixels, t) * c + channel];
    out[i] = total;
}

// ---- convolution: what stands around cuDNN's ----

// Kernels [outputs, a, b] to [outputs, b, a]: positions after channels, as torch's, or before them, as cuDNN's.
KERNEL(exchange)(u32 n, u32 a, u32 b, const float* in, float* out) {
    THREAD;
    const u32 rest = i % (a * b), first = i - rest, x = rest % a, y = rest / a;
    out[i] = in[first + x * b + y];
}

KERNEL(finish)(u32 n, u32 c, float slope, u32 biased, const float* bias, float* values) {
    THREAD;
    values[i] = rectify(biased ? values[i] + bias[i % c] : values[i], slope);
}

// float32 to bfloat16, to the nearest and of two to the even one, and back.
KERNEL(to_bf16)(u32 n, const float* in, u16* out) {
    THREAD;
    const u32 bits = __float_as_uint(in[i]);
    const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
    out[i] = (u16)(nan ? (bits >> 16) | 0x40u : (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

KERNEL(from_bf16)(u32 n, const u16* in, float* out) {
    THREAD;
    out[i] = __uint_as_float((u32)in[i] << 16);
}

// ---- optimisers: w and its memories are changed in place ----

// Without decay nothing is added: zero times an infinite weight would be NaN.
__device__ __forceinline__ float decayed(float g, float decay, float w) { return decay == 0.0f ? g : g + decay * w; }

KERNEL(adam)(u32 n, float beta2, float new1, float new2, float eps, float size, float correction, float shrink, float decay, const float* gradient, float* w,
            float* m, float* v) {
    THREAD;
    const float g = decayed(gradient[i], decay, w[i]);
    m[i] += new1 * (g - m[i]);
    v[i] = beta2 * v[i] + new2 * g * g;
    w[i] = shrink * w[i] - size * m[i] / (sqrtf(v[i]) * correction + eps);
}

KERNEL(sgd)(u32 n, float rate, float decay, const float* gradient, float* w) {
    THREAD;
    w[i] -= rate * decayed(gradient[i], decay, w[i]);
}

KERNEL(momentum)(u32 n, float rate, float decay, float kept, u32 nesterov, const float* gradient, float* w, float* v) {
    THREAD;
    const float g = decayed(gradient[i], decay, w[i]);
    v[i] = kept * v[i] + g;
    w[i] -= rate * (nesterov ? g + kept * v[i] : v[i]);
}

KERNEL(adadelta)(u32 n, float rate, float rho, float fresh, float eps, const float* gradient, float* w, float* squares, float* moved) {
    THREAD;
    const float g = gradient[i];
    squares[i] = rho * squares[i] + fresh * g * g;
    const float delta = sqrtf(moved[i] + eps) / sqrtf(squares[i] + eps) * g;
    moved[i] = rho * moved[i] + fresh * delta * delta;
    w[i] -= rate * delta;
}

KERNEL(rms_prop)(u32 n, float rate, float alpha, float fresh, float eps, const float* gradient, float* w, float* squares) {
    THREAD;
    const float g = gradient[i];
    squares[i] = alpha * squares[i] + fresh * g * g;
    w[i] -= rate * g / (sqrtf(squares[i]) + eps);
}

KERNEL(approach)(u32 n, float share, const float* source, float* target) {
    THREAD;
    target[i] += share * (source[i] - target[i]);
}
