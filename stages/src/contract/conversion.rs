//! The command that makes a safetensors file from weights of others. Independent of networks and of where files lie.

use std::path::{Path, PathBuf};

/// How people get a safetensors file of weights that others trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// From weights of PyTorch, in Python.
    Python {
        /// What is imported for it.
        imports: &'static str,
        /// An expression for a map of tensors by name. `{file}` is a file of PyTorch as a literal of Python.
        tensors: &'static str,
    },
    /// Their authors publish the file itself.
    Download {
        /// Where.
        url: &'static str,
    },
}

/// Extensions of files that PyTorch writes.
const PICKLES: [&str; 5] = ["pth", "pt", "bin", "pkl", "ckpt"];

impl Conversion {
    /// From a file of PyTorch.
    pub const OF_FILE: Conversion = Conversion::Python { imports: "torch", tensors: "torch.load({file}, map_location=\"cpu\", weights_only=True)" };

    /// What to do where there is no file at this path: the command that makes it, from a file of PyTorch of the same name beside it.
    pub fn of_missing(self, path: &Path) -> String {
        match self {
            Conversion::Download { url } => format!("download it with: {}", download(url, path)),
            Conversion::Python { .. } if is_pickle(path) => self.of_pickle(path),
            Conversion::Python { imports, tensors } => {
                let from = match path.extension() {
                    Some(extension) if extension == "safetensors" => path.with_extension("pth"),
                    _ => added(path, ".pth"),
                };
                format!("convert PyTorch weights with: {}", python(imports, tensors, &from, path))
            }
        }
    }

    /// What to do with a file of PyTorch at this path.
    pub fn of_pickle(self, path: &Path) -> String {
        match self {
            Conversion::Download { url } => format!("take the authors' safetensors file: {}", download(url, path)),
            Conversion::Python { imports, tensors } => {
                let to = match path.extension() {
                    Some(extension) if extension == "safetensors" => path.with_extension("converted.safetensors"),
                    _ if is_pickle(path) => path.with_extension("safetensors"),
                    _ => added(path, ".safetensors"),
                };
                let name = to.file_name().unwrap_or_default().display();
                format!("convert it where you trust it, and name `{name}`: {}", python(imports, tensors, path, &to))
            }
        }
    }
}

/// The command for a shell that makes a file from one of PyTorch.
fn python(imports: &str, tensors: &str, from: &Path, to: &Path) -> String {
    let (tensors, to) = (tensors.replace("{file}", &literal(from)), literal(to));
    let script = format!("import {imports}, safetensors.torch as s; s.save_file({{k: v.contiguous() for k, v in {tensors}.items() if v.dim()}}, {to})");
    format!("python3 -c {}", quoted(&script))
}

/// The command for a shell that saves what is published.
fn download(url: &str, to: &Path) -> String {
    let to = to.to_string_lossy();
    let is_plain = to.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-".contains(&b));
    format!("curl -L -o {} {url}", if is_plain { to.into_owned() } else { quoted(&to) })
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn is_pickle(path: &Path) -> bool {
    path.extension().is_some_and(|extension| PICKLES.iter().any(|known| extension == *known))
}

fn added(path: &Path, extension: &str) -> PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push(extension);
    text.into()
}

/// A path as a literal of Python, which spells texts as JSON does.
fn literal(path: &Path) -> String {
    serde_json::Value::from(path.to_string_lossy()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// The command with a module in place of torch that writes down what it is given.
    fn ran(help: &str) -> Option<String> {
        let held = tempfile::tempdir().unwrap();
        let module = "import json\nout = []\nclass T:\n  def contiguous(self): return self\n  def dim(self): return 1\n\
                      def load(f, **_): out.append(f); return {'a': T()}\ndef save_file(t, f): print(json.dumps([out, sorted(t), f]))\n";
        std::fs::write(held.path().join("torch.py"), module).unwrap();
        std::fs::create_dir(held.path().join("safetensors")).unwrap();
        std::fs::write(held.path().join("safetensors/torch.py"), "from torch import save_file\n").unwrap();
        let command = &help[help.find("python3 ").unwrap()..];
        let done = Command::new("sh").args(["-c", command]).current_dir(held.path()).env("PYTHONPATH", held.path()).output().ok()?;
        done.status.success().then(|| String::from_utf8(done.stdout).unwrap().trim().to_owned())
    }

    #[test]
    fn the_command_makes_the_file_that_is_missing() {
        let of = |path: &str| Conversion::OF_FILE.of_missing(Path::new(path));
        let wanted = "convert PyTorch weights with: python3 -c 'import torch, safetensors.torch as s; s.save_file({k: v.contiguous() for k, v in \
                      torch.load(\"wdir/net.pth\", map_location=\"cpu\", weights_only=True).items() if v.dim()}, \"wdir/net.safetensors\")'";
        assert_eq!(of("wdir/net.safetensors"), wanted);
        assert!(of("w/net.pt").starts_with("convert it where you trust it, and name `net.safetensors`: python3"));
        let files = [
            ("v1.2/net", ["v1.2/net.pth", "v1.2/net"]),
            ("./it's \"$HOME\" `x` \\ é.safetensors", ["./it's \"$HOME\" `x` \\ é.pth", "./it's \"$HOME\" `x` \\ é.safetensors"]),
            ("a b/net.v2", ["a b/net.v2.pth", "a b/net.v2"]),
            ("net.pth", ["net.pth", "net.safetensors"]),
        ];
        for (path, [from, to]) in files {
            // Where there is no Python, the text says it.
            match ran(&of(path)) {
                Some(said) => assert_eq!(said, serde_json::json!([[from], ["a"], to]).to_string().replace(',', ", ").replace('é', "\\u00e9"), "{path}"),
                None => assert!(of(path).contains("python3 -c '")),
            }
        }
        for (path, to) in [("w", "w.safetensors"), ("w.safetensors", "w.converted.safetensors")] {
            let said = ran(&Conversion::OF_FILE.of_pickle(Path::new(path)));
            assert!(said.is_none_or(|said| said == format!("[[\"{path}\"], [\"a\"], \"{to}\"]")), "{path}");
        }
    }
}
