//! Trainings that are killed again and again at random moments, and end with the undisturbed digests. Takes twenty minutes:
//!
//!   cargo bench --bench kills
#![allow(clippy::print_stdout)] // a benchmark prints what it measured

#[allow(dead_code, unused_imports, unreachable_pub)] // tests use more of it
#[path = "../tests/resume.rs"]
mod resume;
#[allow(dead_code, unused_imports, unreachable_pub)]
#[path = "../tests/space.rs"]
mod space;

use hilum_stages::contract::seed::{Seed, Stream};
use resume::{children, given, signal};
use space::Space;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Trainings of about fifteen seconds.
const STUDY: &str = r#"
study: kills
seed: 3
stages:
  images: { stage: phantoms, with: { size: 64, contrast: 1.5, classes: { normal: { images: 40 }, covid: { images: 24, finding: peripheral } } } }
  pixels: { stage: prepare, in: { samples: images }, with: { size: 64 } }
  dcgan: { stage: train-gan, in: { samples: images, images: pixels }, with: { network: { dcgan: { width: 16 } }, label: covid, steps: 260, batch: 16, augment: { flip: true, rotation: 5 } } }
  cyclegan: { stage: train-gan, in: { samples: images, images: pixels }, with: { network: { cyclegan: { from: normal, to: covid, width: 16, blocks: 3, pool: 20 } }, steps: 170, augment: { flip: true } } }
  zunair: { stage: train-gan, in: { samples: images, images: pixels }, with: { network: { cyclegan-zunair: { from: normal, to: covid, channels: 1 } }, steps: 60 } }
  pix2pix: { stage: train-gan, in: { samples: images, images: pixels }, with: { network: { pix2pix: { from: normal, to: covid, levels: 4 } }, steps: 100 } }
  stylegan2: { stage: train-gan, in: { samples: images, images: pixels }, with: { network: { stylegan2: { width: 0.0625, latent: 64 } }, label: covid, steps: 60 } }
  classifier: { stage: train-classifier, in: { samples: images, images: pixels }, with: { network: { resnet18: {} }, phases: [{ train: head, epochs: 6 }, { epochs: 12, schedule: { one-cycle: {} } }], optimiser: { adam: {} }, augment: { flip: true } } }
"#;

fn study() -> Space {
    let space = Space::new();
    space.write("study.yaml", STUDY);
    space
}

/// Runs the stage and interferes after a while; true where it was done before.
fn run(space: &Space, stage: &str, after: Duration, interfere: impl FnOnce(u32)) -> bool {
    let args = ["run", "study.yaml", "--only", stage, "--jobs", "1", "--checkpoint-every", "0.5"];
    let mut run = space.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while begun.elapsed() < after {
        if let Some(status) = run.try_wait().unwrap() {
            assert!(status.success(), "{stage} failed of itself");
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    interfere(run.id());
    run.wait().unwrap().success()
}

/// Interferes at that many moments of as many trainings as that takes; every one ends with the undisturbed digests.
fn interfere(stage: &str, moments: usize, draws: &mut Stream, how: impl Fn(u32)) {
    let space = study();
    let begun = Instant::now();
    assert!(run(&space, stage, Duration::from_secs(3600), |_| ()));
    let (expected, length) = (given(&space, stage), begun.elapsed());
    let (mut done, mut trainings) = (0, 0);
    while done < moments {
        let space = study();
        // The images stand before anything is disturbed.
        assert_eq!(space.hilum(&["run", "study.yaml", "--only", "pixels"]).code, 0);
        let mut here = 0;
        while !run(&space, stage, length.mul_f64(if here < 5 { draws.uniform(0.02, 0.6) } else { 1e3 }), |pid| {
            how(pid);
            done += 1;
            here += 1;
        }) {}
        trainings += 1;
        assert_eq!(given(&space, stage), expected, "{stage}");
        assert_eq!(space.hilum(&["verify"]).code, 0);
    }
    println!("{stage}: {:.1} s undisturbed, {done} times disturbed in {trainings} trainings, digests equal", length.as_secs_f64());
}

fn kill_workers(run: u32) {
    children(run).into_iter().for_each(|worker| signal(worker, "KILL"));
}

fn main() {
    let mut draws = Seed(std::process::id().into()).stream("bench", "kills");
    println!("KILL to workers:");
    for stage in ["dcgan", "cyclegan", "zunair", "pix2pix", "stylegan2", "classifier"] {
        interfere(stage, 20, &mut draws, kill_workers);
    }
    for name in ["KILL", "INT"] {
        println!("{name} to the run:");
        interfere("cyclegan", 10, &mut draws, |pid| signal(pid, name));
    }
}
