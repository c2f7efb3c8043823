//! The program `hilum`.

fn main() -> std::process::ExitCode {
    hilum::cli::main()
}
