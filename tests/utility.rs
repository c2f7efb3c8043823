//! The cookbook's study of what synthetic images are of use for: it runs, and its tables answer what the page says they do.

use crate::space::{Space, root};
use std::collections::BTreeSet;
use std::fs;

fn example() -> Space {
    let page = fs::read_to_string(root().join("docs/cookbook.md")).unwrap();
    let example = page.split("```yaml\n").find(|block| block.starts_with("# utility.yaml")).unwrap().split("```").next().unwrap();
    let space = Space::new();
    space.write("study.yaml", example);
    space
}

/// The cells of a column, by its name.
fn column(space: &Space, path: &str, name: &str) -> Vec<String> {
    let text = space.read(path);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let at = reader.headers().unwrap().iter().position(|h| h == name).unwrap_or_else(|| panic!("{path} has no {name}"));
    reader.records().map(|row| row.unwrap()[at].to_owned()).collect()
}

#[test]
fn doses_stand_beside_as_many_repeated_images_and_both_ways_of_standing_in_are_tested() {
    let space = example();
    let said = space.hilum(&["run", "study.yaml", "--device", "cpu"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let arms = |stage: &str| column(&space, &format!("results/utility/{stage}/table.csv"), "arm").into_iter().collect::<BTreeSet<String>>();
    let doses = ["0.25", "0.5", "1", "2", "4"];
    let wanted: BTreeSet<String> = doses.iter().flat_map(|dose| ["repeated", "real+synthetic"].map(|arm| format!("arm={arm}/dose={dose}"))).collect();
    assert_eq!(arms("dose-curve"), wanted);
    for stage in ["tested-on-real", "tested-on-synthetic"] {
        assert_eq!(arms(stage), BTreeSet::from(["trained=real", "trained=synthetic"].map(str::to_owned)), "{stage}");
    }
    // Of each dose, both training sets have as many images: 24 real ones and 24 times the dose.
    for (dose, images) in doses.iter().zip([30, 36, 48, 72, 120]) {
        for (arm, synthetic) in [("repeated", 0), ("real+synthetic", images - 24)] {
            let table = format!("results/utility/filled/arm={arm}/dose={dose}/samples.csv");
            let (labels, origins) = (column(&space, &table, "label"), column(&space, &table, "origin"));
            let count = |of: &[String], is: &str| of.iter().filter(|cell| *cell == is).count();
            assert_eq!((count(&labels, "covid"), count(&labels, "normal"), count(&origins, "synthetic")), (images, 120, synthetic), "{dose} {arm}");
        }
    }
}
