//! Records by what the program was built: commit, whether the source was clean, compiler.

use std::process::Command;

fn main() {
    let say = |program: &str, args: &[&str]| {
        let out = Command::new(program).args(args).output().ok().filter(|o| o.status.success())?;
        Some(String::from_utf8_lossy(&out.stdout).trim().to_owned())
    };
    let commit = say("git", &["rev-parse", "--short=12", "HEAD"]).unwrap_or_else(|| "unknown".into());
    let dirty = say("git", &["status", "--porcelain", "--untracked-files=no"]).is_some_and(|s| !s.is_empty());
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let toolchain = say(&rustc, &["--version"]).unwrap_or_else(|| "unknown".into());
    println!("cargo::rustc-env=HILUM_COMMIT={commit}");
    println!("cargo::rustc-env=HILUM_DIRTY={dirty}");
    println!("cargo::rustc-env=HILUM_TOOLCHAIN={toolchain}");
    // `HEAD` names the branch and stays as it is when the branch moves; its log does not. The sources decide what is clean.
    for path in [".git/HEAD", ".git/logs/HEAD", "Cargo.toml", "Cargo.lock", "src", "cache", "stages"] {
        println!("cargo::rerun-if-changed={path}");
    }
}
