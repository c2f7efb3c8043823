//! How metrics change with the number of synthetic images, where arms differ in it.

use super::comparison::{ARMS, COMPARISON};
use super::{Chapter, Material};
use crate::report::drawing::drawing;
use hilum_cache::Result;
use hilum_stages::figures;
use hilum_stages::records::{ArmRow, Compared, Table};
use maud::html;

pub(super) const CHAPTER: Chapter = Chapter { id: "dose", title: "Number of synthetic images", about: &[COMPARISON, ARMS], render };

/// Tables that cannot be read are said where the comparison is shown.
fn render(m: &Material) -> Result<Option<maud::Markup>> {
    let mut out = vec![];
    for found in m.of(COMPARISON) {
        let Some(arms) = m.of(ARMS).find(|f| f.stage() == found.stage()) else { continue };
        let (Ok(table), Ok(arms)) = (found.record::<Table<Compared>>(m.store)?, arms.record::<Table<ArmRow>>(m.store)?) else { continue };
        let drawn = figures::of_doses(&table, &arms);
        if !drawn.is_empty() {
            out.push(html! { h4 { (found.stage()) } @for figure in &drawn { (drawing(figure.figure.name, &figure.drawing)) } });
        }
    }
    Ok((!out.is_empty()).then(|| {
        html! {
            p {
                "Arms by the number of images that were added to the real ones. Synthetic images help only as far as they do more than \
                 real images that were merely repeated to the same number, where an arm has them."
            }
            @for o in &out { (o) }
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::facts::Facts;
    use crate::report::tests::made;
    use hilum_cache::WritableStore;
    use serde_json::Value;

    #[test]
    fn arms_that_differ_in_synthetic_images_have_a_figure() {
        let held = tempfile::tempdir().unwrap();
        let store = WritableStore::create(&held.path().join("store")).unwrap();
        let comparison = "arm,repeats,metric,class,value,low,high,difference,difference-low,difference-high,against,shown\n\
                          real,1,auroc,,0.5,0.4,0.6,,,,,true\ngan-1,1,auroc,,0.6,0.5,0.7,0.1,,,real,true\ngan-2,1,auroc,,0.7,,,0.2,,,real,true\n";
        let arms = "set,arm,trainings,steps,class,real,synthetic,training-patients,test-images,test-patients\n\
                    ,real,1,9,covid,40,0,30,9,9\n,gan-1,1,9,covid,40,10,30,9,9\n,gan-2,1,9,covid,40,20,30,9,9\n";
        let page = |arms: &str| {
            let table = |file: &str, csv: &str| made(&store, "comparison", ("table", file), csv.as_bytes(), Value::Null);
            let facts = Facts { stages: vec![table("comparison.csv", comparison), table("arms.csv", arms)], ..Facts::default() };
            CHAPTER.of(&facts, &hilum_cache::Store::open(&held.path().join("store")).unwrap()).unwrap().into_string()
        };
        let shown = page(arms);
        assert!(shown.contains("<section id=\"dose\" ") && shown.contains("download=\"dose.csv\""), "{shown}");
        assert_eq!(page(&arms.replace(",10,", ",0,")), "", "one number of images is no curve");
        assert_eq!(page("a,b\n"), "");
    }
}
