//! Loops compiled for the widest vectors of the machine.
//!
//! The compiler vectorises plain loops; which instructions it may use is a property of the function that they are in.
//! Rust never fuses a product and a sum on its own, so the bits are the same everywhere.

/// Defines a function whose body is compiled for each instruction set, and which calls the one that the machine has.
/// Type parameters are in brackets after the name, their bounds after `where`, in brackets, too.
macro_rules! widest {
    ($(#[$doc:meta])* fn $name:ident [$($generic:tt)*] ($($arg:ident: $type:ty),* $(,)?) $(-> $result:ty)? where [$($bound:tt)*] $body:block) => {
        $(#[$doc])*
        #[inline]
        fn $name<$($generic)*>($($arg: $type),*) $(-> $result)? where $($bound)* {
            #[inline(always)]
            fn plain<$($generic)*>($($arg: $type),*) $(-> $result)? where $($bound)* $body
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
            fn avx512<$($generic)*>($($arg: $type),*) $(-> $result)? where $($bound)* {
                plain($($arg),*)
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2<$($generic)*>($($arg: $type),*) $(-> $result)? where $($bound)* {
                plain($($arg),*)
            }
            #[cfg(target_arch = "x86_64")]
            match $crate::fingerprint::detected() {
                // SAFETY: the machine has these instructions.
                $crate::fingerprint::Set::Avx512 => return unsafe { avx512($($arg),*) },
                // SAFETY: as above.
                $crate::fingerprint::Set::Avx2 => return unsafe { avx2($($arg),*) },
                $crate::fingerprint::Set::Other => {}
            }
            plain($($arg),*)
        }
    };
}
pub(crate) use widest;
