//! The Merkle tree of RFC 6962: one hash for a list of lines, and short proofs that a line is in the list. Independent of what the
//! lines are.

use crate::Sha256;
use sha2::{Digest as _, Sha256 as Hasher};

/// The hash of a leaf. Its first byte tells leaves from nodes, so that no list of hashes can pass for a line.
pub fn leaf(line: &[u8]) -> Sha256 {
    Sha256::from_bytes(Hasher::new().chain_update([0]).chain_update(line).finalize().into())
}

fn node(left: &Sha256, right: &Sha256) -> Sha256 {
    Sha256::from_bytes(Hasher::new().chain_update([1]).chain_update(left.bytes()).chain_update(right.bytes()).finalize().into())
}

/// How many of `n` leaves are in the left part: the largest power of two below `n`, which is at least 2.
fn split(n: usize) -> usize {
    1 << (usize::BITS - 1 - (n - 1).leading_zeros())
}

/// The root over hashes of leaves; that of no leaf is the hash of nothing.
pub fn root(leaves: &[Sha256]) -> Sha256 {
    match leaves {
        [] => Sha256::of(b""),
        [one] => *one,
        several => {
            let (left, right) = several.split_at(split(several.len()));
            node(&root(left), &root(right))
        }
    }
}

/// The hashes that lead from the leaf at `index` to the root, from the leaf upwards.
///
/// # Panics
/// If there is no such leaf.
pub fn path(leaves: &[Sha256], index: usize) -> Vec<Sha256> {
    assert!(index < leaves.len(), "BUG: no such leaf");
    if leaves.len() == 1 {
        return vec![];
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut below, beside) = if index < left.len() { (path(left, index), root(right)) } else { (path(right, index - left.len()), root(left)) };
    below.push(beside);
    below
}

/// The root of a list of `size` leaves, the one at `index` being this one, by such a path; none if the path has another length than
/// that of any such leaf (RFC 9162, 2.1.3.2).
pub fn root_by(leaf: Sha256, index: u64, size: u64, path: &[Sha256]) -> Option<Sha256> {
    if index >= size {
        return None;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, leaf);
    for beside in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            hash = node(beside, &hash);
            // A node without a right neighbour goes up until it is one.
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            hash = node(&hash, beside);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    (last == 0).then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lists and roots of the test vectors of certificate transparency (RFC 6962 as published by its authors).
    #[test]
    fn roots_are_those_of_certificate_transparency() {
        let lines: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let expected = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        for (n, hex) in expected.iter().enumerate() {
            let leaves: Vec<Sha256> = lines[..n].iter().map(|line| leaf(line)).collect();
            assert_eq!(root(&leaves).hex(), *hex, "{n} lines");
        }
    }

    #[test]
    fn a_path_leads_to_the_root_from_its_own_leaf_alone() {
        let leaves: Vec<Sha256> = (0..40u8).map(|n| leaf(&[n])).collect();
        for size in 1..=leaves.len() {
            let all = &leaves[..size];
            for at in 0..size {
                let path = path(all, at);
                let by = |leaf, index, size, path: &[Sha256]| root_by(leaf, index as u64, size as u64, path) == Some(root(all));
                assert!(by(all[at], at, size, &path), "{at} of {size}");
                assert!(!by(leaf(b"x"), at, size, &path) && !by(all[at], at + size, size, &path), "{at} of {size}");
                for other in (0..size).filter(|other| *other != at) {
                    assert!(!by(all[other], at, size, &path) && !by(all[at], other, size, &path), "{at} of {size} as {other}");
                }
                if let Some((_, shorter)) = path.split_last() {
                    assert!(!by(all[at], at, size, shorter));
                }
                assert!(!by(all[at], at, size, &[path, vec![leaf(b"x")]].concat()));
            }
        }
    }
}
