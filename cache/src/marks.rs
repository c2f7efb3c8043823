//! Coverage marks: a branch that is hard to reach says its name, and a test says which names it reaches. So a test cannot go past what
//! it is about without being noticed, and a branch that no test reaches is. Nothing in non-test builds.

/// Names the branch that it stands in.
macro_rules! mark {
    ($name:literal) => {{
        #[cfg(test)]
        crate::marks::reached($name);
    }};
}
pub(crate) use mark;

/// Fails at the end of its scope if the mark was not reached by this thread until then; or at once, if it is not in some marks.
#[cfg(test)]
macro_rules! hit {
    ($name:literal) => {
        let _hit = crate::marks::Hit::of($name);
    };
    ($name:literal in $marks:expr) => {
        assert!($marks.contains($name), "`{}` was not reached", $name)
    };
}
#[cfg(test)]
pub(crate) use hit;
#[cfg(test)]
pub(crate) use reaching::{Hit, reached};

#[cfg(test)]
mod reaching {
    use std::cell::RefCell;
    use std::collections::HashMap;

    thread_local! {
        /// Of each thread, so that tests which run at the same time do not reach the marks of each other.
        static REACHED: RefCell<HashMap<&'static str, usize>> = RefCell::default();
    }

    pub(crate) fn reached(name: &'static str) {
        REACHED.with_borrow_mut(|all| *all.entry(name).or_default() += 1);
        crate::simulator::process::reached(name);
    }

    fn count(name: &str) -> usize {
        REACHED.with_borrow(|all| all.get(name).copied().unwrap_or(0))
    }

    /// What [`hit`](super::hit) leaves in its scope.
    pub(crate) struct Hit(&'static str, usize);

    impl Hit {
        pub(crate) fn of(name: &'static str) -> Hit {
            Hit(name, count(name))
        }
    }

    impl Drop for Hit {
        fn drop(&mut self) {
            assert!(std::thread::panicking() || count(self.0) > self.1, "`{}` was not reached", self.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    /// The names between a macro's brackets in the sources.
    fn named(begin: &str) -> BTreeSet<String> {
        let sources = walkdir::WalkDir::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).into_iter().map(|entry| entry.unwrap().into_path());
        let texts =
            sources.filter(|path| path.extension().is_some_and(|e| e == "rs") && !path.ends_with("marks.rs")).map(|path| fs::read_to_string(path).unwrap());
        let names = |text: String| text.split(begin).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect::<Vec<_>>();
        texts.flat_map(names).collect()
    }

    #[test]
    fn every_mark_is_reached_by_a_test_that_names_it() {
        let (marks, hits) = (named("mark!(\""), named("hit!(\""));
        assert!(marks.len() >= 8, "{marks:?}");
        assert_eq!(marks, hits, "marks on the left, tests that name them on the right");
    }

    #[test]
    fn a_mark_that_is_not_reached_is_noticed() {
        let reach = |name: &'static str| {
            std::panic::catch_unwind(|| {
                hit!("there");
                super::reached(name);
            })
        };
        assert!(reach("there").is_ok());
        assert!(reach("elsewhere").unwrap_err().downcast_ref::<String>().unwrap().contains("`there` was not reached"));
    }
}
