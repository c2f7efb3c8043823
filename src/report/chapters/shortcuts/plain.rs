//! What tables about shortcuts say, in sentences for those who read images: pairs of images instead of areas under curves.

use hilum_stages::distinct::distinct;
use hilum_stages::records::{ProbeRow, Table, Told, WithinGroupsRow};

/// Of 100 pairs.
fn pairs(auroc: f64) -> String {
    format!("{:.0} of 100 pairs", 100.0 * auroc)
}

/// One image of a class and one of the rest, in words.
fn images<T>(told: &Told<T>) -> String {
    match told.classes.as_slice() {
        [class] => format!("Of an image of {class} and one of another class"),
        [class, other, ..] => format!("Of an image of {class} and one of {other}"),
        [] => "Of two images".to_owned(),
    }
}

/// What is left of areas where the group gives nothing away: a sentence for each grouping, of the class of which least is left.
pub(super) fn of_groups(table: &Table<WithinGroupsRow>) -> Vec<String> {
    let told = table.told();
    let groupings = distinct(told.iter().map(Told::by));
    // That of which nothing can be told comes first.
    let left = |one: &&Told<WithinGroupsRow>| one.of("share-left").and_then(|row| row.value).unwrap_or(f64::NEG_INFINITY);
    let of_grouping = |by: &&str| {
        let is_known = |one: &&Told<WithinGroupsRow>| one.of("auroc").is_some_and(|row| row.value.is_some());
        let all: Vec<&Told<WithinGroupsRow>> = told.iter().filter(|one| one.by() == *by).filter(is_known).collect();
        let least = all.iter().copied().min_by(|a, b| left(a).total_cmp(&left(b)))?;
        let of_others = if left(&least).is_finite() { "Of other classes, no less is left." } else { "The table below has the other classes, too." };
        Some(with_others(of_group(least)?, all.len(), of_others))
    };
    groupings.iter().filter_map(of_grouping).collect()
}

/// What changed images say: a sentence, of the class of which most is certain.
pub(super) fn of_probes(table: &Table<ProbeRow>) -> Option<String> {
    let told = table.told();
    let is_known = |one: &&Told<ProbeRow>| one.of("none").is_some_and(|row| row.auroc.is_some());
    let most = told.iter().rev().filter(is_known).max_by_key(|one| certain(one).len())?;
    Some(with_others(of_probe(most)?, told.len(), "Of other classes, no more is certain."))
}

/// What is said of one of several classes, and what of the others.
fn with_others(said: String, classes: usize, of_others: &str) -> String {
    if classes > 1 { format!("{said} {of_others}") } else { said }
}

/// What is left of an area where the group gives nothing away; none where the table lacks the area.
fn of_group(told: &Told<WithinGroupsRow>) -> Option<String> {
    let all = told.of("auroc")?;
    let (group, auroc) = (all.group(), all.value?);
    let images = images(told);
    if all.groups < 2 {
        return Some(format!("{images}, the classifier finds the right one in {}. All are of one {group}, which gives nothing away.", pairs(auroc)));
    }
    let Some(within) = told.of("auroc-within").and_then(|row| row.value) else {
        return Some(format!(
            "{images}, the classifier finds the right one in {}. But no {group} has images of both: nobody can say from this test whether it sees the finding or recognises the {group}.",
            pairs(auroc)
        ));
    };
    let found = format!(
        "{images}, the classifier finds the right one in {} if any two are compared, and in {} if both are of one {group}; guessing finds 50.",
        pairs(auroc),
        pairs(within)
    );
    let Some((left, share)) = told.of("share-left").and_then(|row| Some((row, row.value?))) else {
        return Some(format!("{found} It is not certain to do better than guessing, so that nothing can be said of what that rests on."));
    };
    let percent = |share: f64| format!("{:.0}", 100.0 * share);
    let limits = left.low.zip(left.high);
    let interval = limits.map_or(String::new(), |(low, high)| format!(" (95 % interval {} to {} %)", percent(low), percent(high)));
    let so = match limits {
        Some((_, high)) if high < 1.0 => format!(" The rest goes with the {group} and not with the finding."),
        Some((low, _)) if low > 1.0 => format!(" The {group} hides some of what it can do."),
        Some(_) => format!(" That it recognises the {group} is not shown."),
        None => String::new(),
    };
    Some(format!("{found} So {} %{interval} of what it does better than guessing is left where the {group} gives nothing away.{so}", percent(share)))
}

/// What is certain of a class in changed images.
fn certain(told: &Told<ProbeRow>) -> Vec<&'static str> {
    let loses = |probe: &str| told.of(probe).and_then(|row| row.loss_low).is_some_and(|low| low > 0.0);
    let all = [
        (told.of("only-border").and_then(|row| row.low).is_some_and(|low| low > 0.5), "the border alone tells the class"),
        (loses("no-border"), "it does worse without the border"),
        (loses("equal-greys"), "it does worse where all images are equally bright"),
        (loses("smooth"), "it does worse without fine detail, which may be the finding, noise, or the trace of a generator"),
    ];
    all.into_iter().filter(|(is, _)| *is).map(|(_, what)| what).collect()
}

/// What changed images say of a class; none where the table lacks the images as they are.
fn of_probe(told: &Told<ProbeRow>) -> Option<String> {
    let plain = told.of("none")?.auroc?;
    let changed = |probe: &str, how: &str| Some(format!("{:.0} {how}", 100.0 * told.of(probe)?.auroc?));
    let all: Vec<String> = [
        ("no-border", "without the border"),
        ("only-border", "with nothing but the border"),
        ("equal-greys", "with equal grey levels"),
        ("smooth", "without fine detail"),
    ]
    .into_iter()
    .filter_map(|(probe, how)| changed(probe, how))
    .collect();
    let certain = certain(told);
    let so = if certain.is_empty() { "None of it is certain to matter".to_owned() } else { format!("Certain at 95 %: {}", certain.join("; ")) };
    Some(format!("{}, the classifier finds the right one in {} as they are; {}. {so}.", images(told), pairs(plain), all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(measure: &str, value: Option<f64>, limits: Option<(f64, f64)>, groups: usize) -> WithinGroupsRow {
        let (low, high) = limits.unzip();
        WithinGroupsRow { by: "source".into(), class: "covid".into(), measure: measure.into(), value, low, high, groups, ..WithinGroupsRow::default() }
    }

    fn of(within: Option<f64>, share: Option<(f64, f64)>, groups: usize) -> String {
        let value = share.map(|(low, high)| (low + high) / 2.0);
        let rows = [row("auroc", Some(0.87), None, groups), row("auroc-within", within, None, groups), row("share-left", value, share, groups)];
        of_groups(&Table { rows: rows.to_vec() }).concat()
    }

    #[test]
    fn what_is_left_without_the_source_is_said_in_pairs_of_images() {
        assert_eq!(
            of(Some(0.68), Some((0.3, 0.6)), 2),
            "Of an image of covid and one of another class, the classifier finds the right one in 87 of 100 pairs if any two are compared, and in 68 of 100 pairs if both are of one source; guessing \
             finds 50. So 45 % (95 % interval 30 to 60 %) of what it does better than guessing is left where the source gives nothing away. The rest goes with the source and not with the finding."
        );
        assert!(of(Some(0.85), Some((0.8, 1.1)), 2).ends_with("That it recognises the source is not shown."));
        assert!(of(Some(0.85), Some((1.1, 1.4)), 2).ends_with("The source hides some of what it can do."));
        assert!(of(Some(0.6), None, 2).ends_with("It is not certain to do better than guessing, so that nothing can be said of what that rests on."));
    }

    #[test]
    fn that_nothing_can_be_told_is_said() {
        assert!(of(None, None, 2).contains("no source has images of both: nobody can say"));
        assert!(of(Some(0.87), Some((1.0, 1.0)), 1).ends_with("All are of one source, which gives nothing away."));
        assert!(of_groups(&Table::default()).is_empty());
    }

    #[test]
    fn only_what_is_certain_of_changed_images_is_called_so() {
        let row = |probe: &str, auroc: f64, low: f64, loss_low: Option<f64>| ProbeRow {
            probe: probe.into(),
            auroc: Some(auroc),
            low: Some(low),
            loss_low,
            ..ProbeRow::default()
        };
        let said = |border: f64, loss: f64| {
            let rows = [
                row("none", 0.87, 0.8, None),
                row("no-border", 0.8, 0.7, Some(loss)),
                row("only-border", 0.65, border, Some(0.1)),
                row("smooth", 0.86, 0.8, Some(-0.1)),
            ];
            of_probes(&Table {
                rows: ["covid", "normal"].iter().flat_map(|class| rows.iter().map(|row| ProbeRow { class: (*class).into(), ..row.clone() })).collect(),
            })
            .unwrap()
        };
        assert_eq!(
            said(0.55, 0.01),
            "Of an image of covid and one of normal, the classifier finds the right one in 87 of 100 pairs as they are; 80 without the border, 65 with nothing but the border, 86 without fine detail. \
             Certain at 95 %: the border alone tells the class; it does worse without the border."
        );
        assert!(said(0.45, -0.01).ends_with("None of it is certain to matter."));
    }

    #[test]
    fn of_several_classes_the_one_with_the_least_left_is_told() {
        let of_class = |class: &str, share: f64| {
            let rows = [row("auroc", Some(0.9), None, 2), row("auroc-within", Some(0.5 + 0.4 * share), None, 2), row("share-left", Some(share), None, 2)];
            rows.map(|row| WithinGroupsRow { class: class.into(), ..row })
        };
        let said = of_groups(&Table { rows: [of_class("a", 0.9), of_class("b", 0.25), of_class("c", 0.5)].concat() });
        assert_eq!(said.len(), 1);
        assert!(said[0].starts_with("Of an image of b and one of another class") && said[0].ends_with("Of other classes, no less is left."), "{said:?}");
    }
}
