//! Checks of synthetic images: images that were made to fail each, and a set of which nothing can be said.

use crate::space::Space;
use hilum_stages::contract::seed::{Seed, Stream};
use hilum_stages::data::png::encode;
use serde_json::Value;

/// Images of each class in each directory.
const EACH: usize = 30;
const SIDE: usize = 32;

/// Blocks of greys, darker for one class, with a little noise.
fn picture(class: usize, stream: &mut Stream) -> Vec<u8> {
    let blocks: Vec<u8> = (0..64).map(|_| 20 + 40 * class as u8 + stream.below(140) as u8).collect();
    (0..SIDE * SIDE).map(|i| blocks[i / SIDE / 4 * 8 + i % SIDE / 4] + stream.below(6) as u8).collect()
}

/// Compares the images in `made` with those in `test`, and with those in `train`, on which a classifier is trained.
const STUDY: &str = "study: generated
seed: 1
stages:
  train: { stage: import, with: { images: train, patients: one-per-image } }
  test: { stage: import, with: { images: test, patients: one-per-image } }
  made: { stage: import, with: { images: made } }
  pixels: { stage: prepare, in: { samples: train }, with: { size: 32 } }
  more: { stage: prepare, in: { samples: test }, with: { size: 32 } }
  others: { stage: prepare, in: { samples: made }, with: { size: 32 } }
  net: { stage: train-classifier, in: { samples: train, images: pixels }, with: { network: { smallcnn64: { width: 2 } }, steps: 1, batch: 8 } }
  vectors: { stage: features, in: { samples: [train, test, made], images: [pixels, more, others], weights: net } }
  quality: { stage: generative-quality, in: { real: test, synthetic: made, features: vectors } }
  memory: { stage: memorisation, in: { training: train, held_out: test, synthetic: made, features: vectors, images: [pixels, more, others] } }
";

/// Ids and messages of what a run finds of synthetic images, which `make` makes of new pictures; it is also given the training image of
/// the same number.
fn found(make: impl Fn(usize, Vec<u8>, &[u8]) -> Vec<u8>) -> Vec<(String, String)> {
    let space = Space::new();
    let mut stream = Seed(5).stream("test", "generated");
    for class in 0..2 {
        for i in 0..EACH {
            let [train, test, new] = [(); 3].map(|()| picture(class, &mut stream));
            let write = |directory: &str, pixels: &[u8], marks: &[(&str, &str)]| {
                let name = format!("{directory}/{}/{i}.png", ["a", "b"][class]);
                space.write(&name, encode(pixels, SIDE as u32, SIDE as u32, marks).unwrap());
            };
            write("train", &train, &[]);
            write("test", &test, &[]);
            write("made", &make(i, new, &train), &[("Software", "hilum synthesize"), ("Comment", &format!("{class}/{i}"))]);
        }
    }
    space.write("study.yaml", STUDY);
    let said = space.hilum(&["run", "study.yaml", "--device", "cpu"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let plan: Value = serde_json::from_str(&space.hilum(&["plan", "study.yaml", "--json"]).out).unwrap();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let all = plan["findings"].as_array().unwrap().iter().map(|f| (text(f, "id"), text(f, "message")));
    all.filter(|(id, _)| id.starts_with("synthetic.")).collect()
}

fn ids(found: &[(String, String)]) -> Vec<&str> {
    found.iter().map(|(id, _)| id.as_str()).collect()
}

#[test]
fn new_images_of_the_same_kind_have_no_finding() {
    assert_eq!(found(|_, new, _| new), []);
}

#[test]
fn copies_of_training_images_are_found() {
    let copied = found(|i, new, train| if i == 0 { train.to_vec() } else { new });
    assert!(copied.contains(&("synthetic.memorised".into(), "2 images of `made` are copies of training images".into())), "{copied:?}");
    let mirror = |pixels: &[u8]| pixels.chunks(SIDE).flat_map(|row| row.iter().rev().copied()).collect();
    let mirrored = found(|i, new, train| if i == 0 { mirror(train) } else { new });
    assert!(mirrored.contains(&("synthetic.memorised".into(), "2 images of `made` are mirrored copies of training images".into())), "{mirrored:?}");
    assert!(!ids(&copied).contains(&"synthetic.collapse") && !ids(&copied).contains(&"synthetic.c2st"), "{copied:?}");
}

#[test]
fn images_that_a_classifier_tells_from_real_ones_are_found() {
    let told = found(|_, new, _| new.into_iter().map(|v| 250 - v / 4).collect());
    assert!(ids(&told).contains(&"synthetic.c2st") && !ids(&told).contains(&"synthetic.memorised"), "{told:?}");
}

/// All images of a class are nearly one: a new picture of the first number.
#[test]
fn images_that_are_much_alike_are_found() {
    let first = std::cell::RefCell::new(vec![]);
    let alike = found(|i, new, _| {
        if i == 0 {
            first.replace(new);
        }
        first.borrow().iter().enumerate().map(|(at, v)| v + ((at * 7919 + i * 104_729) % 4) as u8).collect()
    });
    assert!(ids(&alike).contains(&"synthetic.collapse"), "{alike:?}");
    assert!(alike.iter().any(|(_, message)| message.contains("MS-SSIM")), "{alike:?}");
}
