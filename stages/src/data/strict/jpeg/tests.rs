//! Files that are whole pass, whatever wrote them; files that are not are refused.

use super::*;
use image::{ExtendedColorType, codecs::jpeg::JpegEncoder};

/// 20 × 12 pixels, colour, 4:2:0, ten scans.
const PROGRESSIVE: &[u8] = &[
    255, 216, 255, 219, 0, 67, 0, 20, 14, 15, 18, 15, 13, 20, 18, 16, 18, 23, 21, 20, 24, 30, 50, 33, 30, 28, 28, 30, 61, 44, 46, 36, 50, 73, 64, 76, 75, 71,
    64, 70, 69, 80, 90, 115, 98, 80, 85, 109, 86, 69, 70, 100, 136, 101, 109, 119, 123, 129, 130, 129, 78, 96, 141, 151, 140, 125, 150, 115, 126, 129, 124,
    255, 219, 0, 67, 1, 21, 23, 23, 30, 26, 30, 59, 33, 33, 59, 124, 83, 70, 83, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124,
    124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124, 124,
    124, 124, 124, 124, 255, 194, 0, 17, 8, 0, 12, 0, 20, 3, 1, 34, 0, 2, 17, 1, 3, 17, 1, 255, 196, 0, 23, 0, 0, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 2, 4, 3, 255, 196, 0, 21, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 4, 255, 218, 0, 12, 3, 1, 0, 2, 16, 3, 16, 0, 0, 1, 142, 138, 84, 137,
    204, 74, 47, 255, 196, 0, 24, 16, 0, 3, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 18, 255, 218, 0, 8, 1, 1, 0, 1, 5, 2, 80, 76, 10, 4, 141, 43,
    129, 237, 103, 255, 196, 0, 23, 17, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 3, 255, 218, 0, 8, 1, 3, 1, 1, 63, 1, 203, 69, 133, 110, 207,
    255, 196, 0, 23, 17, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 3, 255, 218, 0, 8, 1, 2, 1, 1, 63, 1, 232, 149, 122, 85, 191, 255, 196, 0,
    24, 16, 0, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 17, 32, 81, 255, 218, 0, 8, 1, 1, 0, 6, 63, 2, 162, 131, 15, 255, 196, 0, 26, 16, 0, 3, 1, 0,
    3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 17, 33, 16, 49, 113, 255, 218, 0, 8, 1, 1, 0, 1, 63, 33, 224, 48, 18, 55, 58, 118, 246, 98, 147, 194, 63, 255,
    218, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 0, 16, 143, 47, 255, 196, 0, 24, 17, 1, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 17, 129, 240, 255, 218, 0,
    8, 1, 3, 1, 1, 63, 16, 198, 4, 0, 137, 218, 191, 255, 196, 0, 23, 17, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 17, 33, 255, 218, 0, 8, 1, 2,
    1, 1, 63, 16, 192, 12, 0, 237, 255, 196, 0, 27, 16, 0, 2, 3, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 17, 33, 49, 65, 193, 209, 255, 218, 0, 8, 1, 1,
    0, 1, 63, 16, 183, 11, 85, 21, 232, 151, 131, 30, 109, 65, 188, 143, 70, 28, 170, 140, 79, 114, 127, 255, 217,
];

/// 24 × 8 pixels, grey, three blocks with restart markers between them.
const RESTARTS: &[u8] = &[
    255, 216, 255, 219, 0, 67, 0, 20, 14, 15, 18, 15, 13, 20, 18, 16, 18, 23, 21, 20, 24, 30, 50, 33, 30, 28, 28, 30, 61, 44, 46, 36, 50, 73, 64, 76, 75, 71,
    64, 70, 69, 80, 90, 115, 98, 80, 85, 109, 86, 69, 70, 100, 136, 101, 109, 119, 123, 129, 130, 129, 78, 96, 141, 151, 140, 125, 150, 115, 126, 129, 124,
    255, 192, 0, 11, 8, 0, 8, 0, 24, 1, 1, 17, 0, 255, 196, 0, 21, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 6, 255, 196, 0, 23, 16, 1, 0, 3, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 33, 49, 255, 221, 0, 4, 0, 1, 255, 218, 0, 8, 1, 1, 0, 0, 63, 0, 159, 49, 178, 167, 255, 208, 49, 141, 149, 63, 255,
    209, 105, 141, 149, 63, 255, 217,
];

fn encode(width: u32, height: u32, colour: ExtendedColorType, quality: u8) -> Vec<u8> {
    let bytes = width * height * u32::from(colour.bits_per_pixel()) / 8;
    let pixels: Vec<u8> = (0..bytes).map(|i| (i * i / 7 + i * 3) as u8).collect();
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, quality).encode(&pixels, width, height, colour).unwrap();
    out
}

fn grey() -> Vec<u8> {
    encode(40, 33, ExtendedColorType::L8, 80)
}

/// Where a marker stands.
fn find(bytes: &[u8], code: u8) -> usize {
    bytes.windows(2).position(|w| w == [0xff, code]).unwrap()
}

fn changed(bytes: &[u8], at: usize, to: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at..at + to.len()].copy_from_slice(to);
    bytes
}

fn says(bytes: &[u8]) -> String {
    check(bytes).unwrap_err()
}

#[test]
fn whole_files_pass_with_anything_behind_them() {
    for (width, height) in [(1, 1), (8, 8), (9, 17), (40, 33)] {
        for quality in [5, 80, 100] {
            for colour in [ExtendedColorType::L8, ExtendedColorType::Rgb8] {
                assert_eq!(check(&encode(width, height, colour, quality)), Ok(Frame { width, height }));
            }
        }
    }
    for (file, width, height) in [(PROGRESSIVE, 20, 12), (RESTARTS, 24, 8)] {
        for behind in [&[][..], &[0; 9], &[0xff, 0xda, 0, 1, 0xff]] {
            assert_eq!(check(&[file, behind].concat()), Ok(Frame { width, height }));
        }
    }
    let end = RESTARTS.len() - 2;
    assert!(check(&[&RESTARTS[..end], &[0xff, 0xff, 0xff, 0xd9]].concat()).is_ok(), "fill bytes before a marker");
    assert!(check(&[&RESTARTS[..end], &[0xff, 0xd2, 0xff, 0xd9]].concat()).is_ok(), "a restart marker behind the last unit");
}

#[test]
fn cut_files_are_refused_wherever_they_end() {
    for file in [PROGRESSIVE, RESTARTS, &grey()] {
        for length in 2..file.len() - 2 {
            assert_eq!(says(&file[..length]), TRUNCATED);
            assert!(check(&[&file[..length], &[0xff, 0xd9]].concat()).is_err(), "an end mark makes it no better");
        }
    }
    assert_eq!(says(&[&grey()[..700], &[0xff, 0xd9]].concat()), LESS);
}

#[test]
fn data_fit_the_header() {
    let good = grey();
    let size = find(&good, 0xc0) + 5;
    assert_eq!(says(&changed(&good, size, &[0, 41])), LESS);
    assert_eq!(says(&changed(&good, size, &[0, 32])), MORE);
    assert_eq!(says(&changed(&good, size + 2, &[0, 41])), LESS);
    assert_eq!(says(&changed(&good, size + 2, &[0, 32])), MORE);
    assert!(check(&changed(&good, good.len() - 300, &[0; 200])).is_err());
    let scan = find(PROGRESSIVE, 0xda);
    assert!(check(&changed(PROGRESSIVE, find(PROGRESSIVE, 0xc2) + 5, &[0, 40])).is_err());
    assert!(check(&[&PROGRESSIVE[..scan], &PROGRESSIVE[scan..scan + 14], &PROGRESSIVE[scan..]].concat()).is_err(), "a scan without data");
    let last = PROGRESSIVE.windows(2).rposition(|w| w == [0xff, 0xc4]).unwrap();
    assert_eq!(says(&[&PROGRESSIVE[..last], &[0xff, 0xd9]].concat()), LESS, "the last scan is missing");
}

#[test]
fn restart_markers_stand_in_order() {
    let (first, second) = (find(RESTARTS, 0xd0), find(RESTARTS, 0xd1));
    assert_eq!(says(&changed(RESTARTS, first + 1, &[0xd1])), DAMAGED);
    assert_eq!(says(&[&RESTARTS[..first], &RESTARTS[second..]].concat()), DAMAGED);
    assert_eq!(says(&[&RESTARTS[..second], &[0x5a; 3], &RESTARTS[second..]].concat()), DAMAGED);
    assert_eq!(says(&changed(RESTARTS, find(RESTARTS, 0xdd) + 4, &[0, 2])), DAMAGED);
    assert_eq!(says(&[&RESTARTS[..second], &[0xff, 0xd9]].concat()), LESS);
}

#[test]
fn what_is_not_supported_is_named() {
    let good = grey();
    let frame = find(&good, 0xc0);
    for (code, what) in [(0xc3, "lossless"), (0xc5, "hierarchical"), (0xc9, "arithmetic-coded"), (0xcc, "arithmetic-coded")] {
        assert_eq!(says(&changed(&good, frame + 1, &[code])), format!("{what} JPEG is not supported"));
    }
    assert_eq!(says(&changed(&good, frame + 4, &[12])), "12-bit JPEG is not supported");
    assert_eq!(says(&changed(&good, frame + 5, &[0, 0])), "a JPEG without a height in its header is not supported");
    assert_eq!(check(&changed(&good, frame + 5, &[0xff; 4])), Ok(Frame { width: 65_535, height: 65_535 }), "too large to be walked");
}

#[test]
fn tables_and_factors_are_there_and_right() {
    let good = grey();
    let (frame, quantiser, huffman) = (find(&good, 0xc0), find(&good, 0xdb), find(&good, 0xc4));
    assert_eq!(says(&changed(&good, frame + 11, &[0x01])), HEADER);
    assert_eq!(says(&changed(&good, frame + 11, &[0x15])), HEADER);
    assert_eq!(says(&changed(&good, quantiser + 4, &[3])), HEADER);
    assert_eq!(says(&changed(&good, huffman + 4, &[3])), HEADER);
    assert_eq!(says(&changed(&good, huffman + 5, &[3])), HEADER, "more codes of one bit than there can be");
    assert_eq!(says(&[0xff, 0xd8, 0xff, 0xd9]), "the JPEG has no frame");
}

#[test]
fn no_bytes_make_it_panic() {
    let mut state = 1u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let files = [PROGRESSIVE.to_vec(), RESTARTS.to_vec(), encode(20, 9, ExtendedColorType::Rgb8, 60)];
    for round in 0..ROUNDS {
        let mut bytes = files[round % files.len()].clone();
        for _ in 0..=random(4) {
            let at = random(bytes.len());
            match random(4) {
                0 => bytes[at] = [0, 0xff, 0xd9, 0xda][random(4)],
                1 => bytes[at] ^= 1 << random(8),
                2 => drop(bytes.drain(at..(at + 1 + random(8)).min(bytes.len() - 1).max(at))),
                _ => bytes.insert(at, random(256) as u8),
            }
        }
        let _ = check(&bytes);
    }
}

const ROUNDS: usize = if cfg!(debug_assertions) { 3_000 } else { 100_000 };

#[test]
fn padding_before_the_end_mark_is_no_damage_and_steps_of_zero_are() {
    let mut good = vec![];
    JpegEncoder::new_with_quality(&mut good, 80).encode(&(0..=255).collect::<Vec<u8>>(), 16, 16, ExtendedColorType::L8).unwrap();
    let padded = |with: &[u8]| [&good[..good.len() - 2], with, &[0xff, 0xd9]].concat();
    for with in [&[0][..], &[0, 0, 0, 0], &[0xff, 0xd0], &[0xff, 0]] {
        assert!(check(&padded(with)).is_ok(), "{with:?}");
    }
    assert_eq!(check(&padded(&[0; 40])), Err(MORE.into()));
    assert_eq!(check(&padded(&[0x5a, 0x5a, 0x5a])), Err(MORE.into()));
    let table = good.windows(2).position(|w| w == [0xff, 0xdb]).unwrap();
    let mut flat = good.clone();
    flat[table + 5..table + 69].fill(0);
    assert_eq!(check(&flat), Err(HEADER.into()));
}
