//! The arrays of a norm by name, and in the one order in which primitives take and give them.

/// Defines a struct of arrays (slices, tensors, views of a GPU's memory), and its conversion from and to a plain array.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident [$n:literal] { $($(#[$about:meta])* $field:ident),* $(,)? }) => {
        $(#[$doc])*
        pub(crate) struct $name<T> {
            $($(#[$about])* pub(crate) $field: T),*
        }
        impl<T> From<[T; $n]> for $name<T> {
            fn from([$($field),*]: [T; $n]) -> Self {
                $name { $($field),* }
            }
        }
        impl<T> From<$name<T>> for [T; $n] {
            fn from($name { $($field),* }: $name<T>) -> Self {
                [$($field),*]
            }
        }
    };
}

named! {
    /// What is measured of the values that a norm normalises, `[groups, c]` each.
    Statistics[4] {
        mean,
        /// 1 / divisor.
        inverse,
        /// How the divisor follows from the variance: see `Divisor::of`.
        curvature,
        /// Unbiased variance; 0 of a single value.
        unbiased,
    }
}

named! {
    /// What scale and shift follow from: `mean` and `inverse` `[groups, c]`, `weight` and `bias` `[c]` or `[1]`.
    ScaleInputs[4] { mean, inverse, weight, bias }
}

named! {
    /// What a norm multiplies and adds, `[groups, c]` each: `weight` is that of each group and channel,
    /// `scale = weight · inverse`, `shift = bias − mean · scale`.
    Scales[3] { weight, scale, shift }
}

named! {
    /// What the sums of a norm's gradient are made of: gradient of the result and input `[groups, pixels, c]`, and
    /// statistics and scales `[groups, c]`.
    SumInputs[8] { g, x, mean, inverse, curvature, weight, scale, shift }
}

named! {
    /// Sums of a norm's gradient.
    GradientSums[4] {
        /// Subtracted from the gradient with respect to the input, `[groups, c]`.
        grad_mean,
        /// Times `x − mean`, subtracted as well, `[groups, c]`.
        grad_slope,
        /// The gradient with respect to the weight, `[c]` or `[1]`.
        by_weight,
        /// The gradient with respect to the bias, `[c]` or `[1]`.
        by_bias,
    }
}

named! {
    /// What the gradient with respect to the input is made of: gradient of the result and input `[groups, pixels, c]`,
    /// the others `[groups, c]`.
    InputGradientInputs[7] { g, x, mean, scale, shift, grad_mean, grad_slope }
}
