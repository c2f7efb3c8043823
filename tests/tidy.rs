//! Rules of the source code, enforced by tests: what `docs/architecture.md` lists below *Never*, and how files look. Each rule is
//! first shown to find what it forbids.

mod cycles;
mod layers;
mod never;
mod paths;
mod source;
mod stages;
mod texts;
mod tokens;
