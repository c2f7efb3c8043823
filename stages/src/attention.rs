//! What is said about a map of where in an image a network finds a class: how much of it lies in the border of the image, where its
//! centre is, and how much it resembles another map. Independent of networks and of how a map was made.
//!
//! A map has `side × side` numbers from 0 to 1, rows from the top. Its energy is their sum, as in the energy-based pointing game (Wang et
//! al. 2020). Nothing is said about a map that is zero everywhere.
//!
//! A mask has as many pixels, of which some are meant, such as those of the lungs.

mod ssim;

pub use ssim::ssim;

/// The border is this share of the side wide, on each of its four sides.
pub const BORDER: f64 = 0.125;

/// Cells of a map on each side, at least, for its shares to mean anything: with fewer, the border ends before the middle of the
/// outermost cells, and what it has of a map follows from how the map is spread rather than from the map.
const CELLS: usize = 4;

/// Why nothing is said about a map of so many cells on images of this side; none if something is.
pub fn too_coarse(cells: [usize; 2], side: usize) -> Option<String> {
    let [rows, columns] = cells;
    let said = || format!("a map has {rows} × {columns} cells on images of {side} × {side} pixels: shares of its energy need {CELLS} × {CELLS}");
    (rows.min(columns) < CELLS).then(said)
}

/// The width of the border in whole pixels: [`BORDER`] of the side, rounded, and at least 1.
fn width(side: usize) -> usize {
    ((side as f64 * BORDER).round() as usize).max(1)
}

/// True for each pixel of the border.
fn is_border(side: usize) -> impl Fn(usize) -> bool {
    let inside = width(side)..side.saturating_sub(width(side));
    move |at| !inside.contains(&(at / side)) || !inside.contains(&(at % side))
}

/// The share of an image's area that its border has: what the border has of a map that is the same everywhere.
pub fn border_area(side: usize) -> f64 {
    let (pixels, in_border) = (side * side, is_border(side));
    (0..pixels).filter(|at| in_border(*at)).count() as f64 / pixels.max(1) as f64
}

/// Where a map's energy lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Where {
    /// The share of its energy in the border of the image.
    pub border: f64,
    /// The centre of mass, from 0 at the left to 1 at the right.
    pub x: f64,
    /// The centre of mass, from 0 at the top to 1 at the bottom.
    pub y: f64,
}

/// Where the energy of a map lies. None where it has none.
///
/// # Panics
/// Where the map has not `side × side` numbers.
pub fn energy(map: &[f32], side: usize) -> Option<Where> {
    assert_eq!(map.len(), side * side, "a map has as many numbers as its image has pixels");
    let (mut all, mut border, mut x, mut y) = (0.0, 0.0, 0.0, 0.0);
    let in_border = is_border(side);
    for (at, value) in map.iter().enumerate() {
        let value = f64::from(*value);
        all += value;
        border += if in_border(at) { value } else { 0.0 };
        x += value * ((at % side) as f64 + 0.5);
        y += value * ((at / side) as f64 + 0.5);
    }
    let side = side as f64;
    (all > 0.0).then(|| Where { border: border / all, x: x / all / side, y: y / all / side })
}

/// How much of a map lies in a mask.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Inside {
    /// The share of its energy; none of a map that is zero everywhere.
    pub energy: Option<f64>,
    /// The share of the area that the mask has: what it has of a map that is the same everywhere.
    pub area: f64,
}

/// How much of a map lies in a mask.
///
/// # Panics
/// Where they have not as many numbers as each other, or none.
pub fn inside(map: &[f32], mask: &[bool]) -> Inside {
    assert!(map.len() == mask.len() && !map.is_empty(), "a mask has as many pixels as the map has numbers");
    let all: f64 = map.iter().map(|v| f64::from(*v)).sum();
    let within: f64 = map.iter().zip(mask).map(|(v, is_meant)| if *is_meant { f64::from(*v) } else { 0.0 }).sum();
    Inside { energy: (all > 0.0).then(|| within / all), area: mask.iter().filter(|m| **m).count() as f64 / mask.len() as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_border_is_an_eighth_of_the_side_wide() {
        assert_eq!([8, 16, 32, 256].map(border_area), [0.4375; 4], "1 − (6/8)²");
        assert_eq!(border_area(4), 0.75);
        assert_eq!([border_area(2), border_area(1), border_area(0)], [1.0, 1.0, 0.0]);
        assert_eq!(border_area(11), 1.0 - 81.0 / 121.0, "one pixel on each side");
    }

    #[test]
    fn a_map_of_few_cells_is_too_coarse() {
        assert_eq!([[4, 4], [7, 7], [8, 8]].map(|cells| too_coarse(cells, 224)), [const { None }; 3], "7 × 7: a ResNet on images of 224 pixels");
        let why = too_coarse([1, 1], 32).unwrap();
        assert_eq!(why, "a map has 1 × 1 cells on images of 32 × 32 pixels: shares of its energy need 4 × 4");
        assert!([[2, 2], [3, 3], [4, 3]].iter().all(|cells| too_coarse(*cells, 256).is_some()));
    }

    #[test]
    fn energy_is_where_the_map_is() {
        let side = 8;
        let map = |of: &dyn Fn(usize, usize) -> f32| (0..side * side).map(|at| of(at % side, at / side)).collect::<Vec<f32>>();
        assert_eq!(energy(&map(&|_, _| 0.25), side), Some(Where { border: 0.4375, x: 0.5, y: 0.5 }));
        assert_eq!(energy(&map(&|x, y| f32::from(u8::from((x, y) == (3, 5)))), side), Some(Where { border: 0.0, x: 3.5 / 8.0, y: 5.5 / 8.0 }));
        let corners = map(&|x, y| {
            if (x, y) == (0, 0) {
                1.0
            } else if (x, y) == (4, 4) {
                3.0
            } else {
                0.0
            }
        });
        assert_eq!(energy(&corners, side).unwrap().border, 0.25);
        assert_eq!(energy(&map(&|_, _| 0.0), side), None);
    }

    #[test]
    fn energy_in_a_mask_is_that_of_its_pixels() {
        let mask: Vec<bool> = (0..64).map(|at| at % 8 < 2).collect();
        let planted = |inside: f32, outside: f32| (0..64).map(|at| if at % 8 < 2 { inside } else { outside }).collect::<Vec<f32>>();
        let of = |inside: f32, outside: f32| super::inside(&planted(inside, outside), &mask);
        assert_eq!(of(1.0, 0.0), Inside { energy: Some(1.0), area: 0.25 });
        assert_eq!(of(0.0, 0.5), Inside { energy: Some(0.0), area: 0.25 });
        assert_eq!(of(0.5, 0.5), Inside { energy: Some(0.25), area: 0.25 }, "the same everywhere: the share of the area");
        assert_eq!(of(0.75, 0.25).energy, Some(0.5), "three times as much in a quarter of the area");
        assert_eq!(of(0.0, 0.0).energy, None);
    }
}
